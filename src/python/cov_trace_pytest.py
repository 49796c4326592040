"""A plugin by which pytest keeps the native lines that each test runs apart, where cov-trace measures it.

    cov-trace -- python -m pytest --cov-trace
    cov-trace what 'tests/test_parse.py::test_empty'

What runs from the beginning of a test's setup to the end of its teardown is in a context that is called as the test is.
What runs before, between and after the tests is in the context that the process was in anyway.
"""

import os
import warnings

import pytest

from cov_trace_control import ControlError, Silent, find, label_of

DEFAULT_DATA = ".cov-trace"
DATA_VARIABLE = "COV_TRACE_DATA"


class CovTraceWarning(pytest.PytestWarning):
    """The contexts of tests are not exact from here on."""


def pytest_addoption(parser):
    """Adds the options."""
    group = parser.getgroup("cov-trace", "native lines by test")
    group.addoption(
        "--cov-trace",
        action="store_true",
        help="keep what each test runs in a context of its own, where cov-trace measures pytest: "
        "cov-trace -- python -m pytest --cov-trace",
    )
    group.addoption(
        "--cov-trace-data",
        metavar="DIR",
        help=f"the data directory of cov-trace (default: what {DATA_VARIABLE} says, else {DEFAULT_DATA})",
    )
    group.addoption(
        "--cov-trace-deselect",
        metavar="ID",
        action="append",
        default=[],
        help="leave out the test of this id, and no other; may be repeated: "
        "pytest $(cov-trace affected --format pytest)",
    )


def pytest_collection_modifyitems(config, items):
    """Leaves out tests by their whole ids, where --deselect of pytest takes beginnings."""
    left_out = set(config.option.cov_trace_deselect)
    if left_out:
        gone = [item for item in items if label_of(item.nodeid) in left_out]
        items[:] = [item for item in items if label_of(item.nodeid) not in left_out]
        config.hook.pytest_deselected(items=gone)


def pytest_configure(config):
    """Does nothing unless it is asked for."""
    if config.option.cov_trace and not config.option.collectonly:
        data = config.option.cov_trace_data or os.environ.get(DATA_VARIABLE) or DEFAULT_DATA
        # The workers of pytest-xdist have the same options.
        config.option.cov_trace_data = os.path.abspath(data)
        config.pluginmanager.register(Contexts(config), "cov-trace-contexts")


class Contexts:
    """Switches the context of this process around each test."""

    def __init__(self, config):
        self.config = config
        self.run = None
        # Why there is none.
        self.missing = None
        # How many switches are to be taken back.
        self.depth = 0
        self.warned = False

    def pytest_sessionstart(self):
        """Looks for the measurement. It may have been attached to since pytest was started."""
        data = self.config.option.cov_trace_data
        try:
            self.run = find(data)
        except ControlError as error:
            if hasattr(self.config, "workerinput"):
                # pytest-xdist would start another worker in place of this one, again and again.
                self.missing = error
                return
            raise pytest.UsageError(
                f"--cov-trace: {error}; run it as: cov-trace -- python -m pytest --cov-trace "
                f"(if its data directory is another one: --cov-trace-data DIR, or {DATA_VARIABLE})"
            ) from None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """Runs a test in its context."""
        self.enter(item)
        yield
        self.leave(item)

    def enter(self, item):
        """Before a test."""
        if self.missing is not None:
            self.warn(item, f"what this worker runs is in no test's context: {self.missing}")
        if self.attempt(item, lambda run: run.enter(label_of(item.nodeid))):
            self.depth += 1

    def leave(self, item):
        """After a test; takes back as well what could not be taken back before."""
        while self.depth and self.attempt(item, lambda run: run.leave()):
            self.depth -= 1

    def attempt(self, item, switch):
        """Switches, and gives whether that was done; a test does not fail for it."""
        if self.run is None:
            return False
        try:
            switch(self.run)
            return True
        except ControlError as error:
            if isinstance(error, Silent):
                # Which context this process is in cannot be known any more.
                self.run = None
            self.warn(item, f"the context of {item.nodeid!r} was not switched, so what tests run is not exact: {error}")
            return False

    def warn(self, item, text):
        """Warns once, past the filters: one that makes errors of warnings would make one of the test."""
        if self.warned:
            return
        self.warned = True
        path, line, _ = item.location
        message = warnings.WarningMessage(CovTraceWarning(text), CovTraceWarning, path, (line or 0) + 1)
        self.config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": message, "when": "runtest", "nodeid": item.nodeid, "location": None}
        )
