"""A plugin by which coverage.py reports on native sources that cov-trace measured.

`cov-trace coveragepy` writes data files, which hold what ran, and cov-trace.json beside them, which holds what there is:
lines that have code, functions, lines that do not count. This reads the latter. In .coveragerc:

    [run]
    plugins = cov_trace_coverage

    [cov_trace_coverage]
    report = out/cov-trace.json

`report` names one or more such files, separated by commas or line ends; without it, cov-trace.json in the working
directory is read. Nothing is measured in Python, so nothing slows down a `coverage run`.
"""

import json
import os
from bisect import bisect_left, bisect_right
from collections import Counter

from coverage.exceptions import PluginError
from coverage.plugin import CoveragePlugin, FileReporter

try:
    from coverage.plugin import CodeRegion
except ImportError:  # before coverage.py 7.6 reports know no functions
    CodeRegion = None

DEFAULT_REPORT = "cov-trace.json"

# What str.splitlines takes for the end of a line and compilers do not.
NO_LINE_ENDS = dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")


def coverage_init(reg, options):
    """Registers the plugin by its name, which is how data files ask for it."""
    reg.add_configurer(CovTracePlugin(options))


class CovTracePlugin(CoveragePlugin):
    """Finds what is known of a source."""

    def __init__(self, options):
        named = options.get("report", DEFAULT_REPORT)
        names = named.replace(",", "\n").split("\n") if isinstance(named, str) else named
        self.reports = [name.strip() for name in names if name.strip()]
        self.sources = None

    def configure(self, config):
        """Changes nothing."""

    def file_reporter(self, filename):
        """What coverage.py asks about a source."""
        if self.sources is None:
            self.sources = Sources(self.reports)
        return NativeReporter(filename, self.sources.find(filename))


class Sources:
    """The sources of some reports."""

    def __init__(self, reports):
        self.reports = ", ".join(reports)
        self.by_path = {}
        self.by_name = {}
        for report in reports:
            for entry in read_report(report):
                path = os.path.realpath(entry["path"])
                source = self.by_path.setdefault(path, Source())
                source.add(entry)
                if not os.path.isabs(entry["name"]):
                    self.by_name[entry["name"]] = source

    def find(self, filename):
        """The source at a path, or else the one whose name ends it, as after `[paths]` of coverage.py's configuration."""
        path = os.path.realpath(filename)
        if path in self.by_path:
            return self.by_path[path]
        ends = [name for name in self.by_name if path.endswith(os.sep + name)]
        if not ends:
            # Without its lines the source would count as wholly covered.
            raise PluginError(
                f"find the lines of {filename!r}: {self.reports} does not have it; "
                "write the data files again with: cov-trace coveragepy"
            )
        return self.by_name[max(ends, key=len)]


class Source:
    """What there is of one source."""

    def __init__(self):
        self.executable = set()
        self.excluded = set()
        self.functions = set()
        self.shown = True

    def add(self, entry):
        """Adds what a report has."""
        # A pipe, a file of the kernel's, or one that only root may read.
        self.shown &= entry.get("source") not in ("unreadable", "withheld")
        self.executable |= lines_of(entry["executable"])
        self.excluded |= lines_of(entry["excluded"])
        self.functions |= {(item["start"], item["end"], item["name"]) for item in entry["functions"]}


class NativeReporter(FileReporter):
    """Answers about one source."""

    def __init__(self, filename, known):
        super().__init__(filename)
        self.known = known

    def lines(self):
        """The lines that have code and count."""
        return self.known.executable - self.known.excluded

    def excluded_lines(self):
        """The lines that do not count."""
        return set(self.known.excluded)

    def translate_lines(self, lines):
        """Of lines that ran, those that count."""
        return set(lines) & self.lines()

    def source(self):
        """The text, with as many lines as there must be; empty ones where it is not there."""
        lines = [line.translate(NO_LINE_ENDS) for line in (read_lines(self.filename) if self.known.shown else [])]
        last = max(self.known.executable | self.known.excluded, default=0)
        lines += [""] * (last - len(lines))
        return "".join(line + "\n" for line in lines)

    def code_regions(self):
        """The functions, with the lines that are in none nested in them."""
        if CodeRegion is None:
            return []
        statements = sorted(self.lines())
        functions = sorted(self.known.functions)
        starts = [start for start, _, _ in functions]
        regions = []
        for (start, end, _), name in zip(functions, unique_names(functions)):
            lines = set(statements[bisect_left(statements, start) : bisect_right(statements, end)])
            own = set(lines)
            for inner_start, inner_end, _ in functions[bisect_left(starts, start) : bisect_right(starts, end)]:
                if inner_end <= end and (inner_start, inner_end) != (start, end):
                    own.difference_update(range(inner_start, inner_end + 1))
            if lines:
                regions.append(CodeRegion(kind="function", name=name, start=start, lines=own or lines))
        return regions

    def code_region_kinds(self):
        """There are functions only."""
        return [("function", "functions")]


def read_report(path):
    """The sources of a report that cov-trace wrote."""
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        raise PluginError(
            f"read {path!r}: {error}; name the one that cov-trace coveragepy wrote "
            "as report in the section cov_trace_coverage"
        ) from error
    if not isinstance(report, dict) or (report.get("format"), report.get("version")) != ("cov-trace", 1):
        raise PluginError(f"read {path!r}: it is no JSON report of cov-trace of version 1")
    return report["files"]


def lines_of(ranges):
    """The lines of ranges that include their ends."""
    return {line for first, last in ranges for line in range(first, last + 1)}


def read_lines(path):
    """The lines of a source as compilers count them; none if it cannot be read."""
    try:
        if not os.path.isfile(path):
            return []
        with open(path, "rb") as file:
            text = file.read()
    except (OSError, ValueError):
        return []
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]


def unique_names(functions):
    """The names of functions; where several share one, their lines tell them apart."""
    plain = [name or "?" for _, _, name in functions]
    uses = Counter(plain)
    taken = {name for name in plain if uses[name] == 1}
    names = []
    for (start, end, _), name in zip(functions, plain):
        if uses[name] > 1:
            candidate, number = f"{name}@{start}", 1
            while candidate in taken:
                candidate = f"{name}@{start}-{end}" + (f"#{number}" if number > 1 else "")
                number += 1
            name = candidate
            taken.add(name)
        names.append(name)
    return names
