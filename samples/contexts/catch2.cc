// A listener for Catch2 (version 2) that makes a context of each test case: compiled and linked to a test program, it needs no
// other change. For version 3 it includes <catch2/reporters/catch_reporter_event_listener.hpp> and
// <catch2/reporters/catch_reporter_registrars.hpp>, and is a Catch::EventListenerBase.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "cov_trace_context.h"
#include <catch2/catch.hpp>

namespace {

struct Contexts : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testCaseStarting(const Catch::TestCaseInfo &info) override { COV_TRACE_CONTEXT(info.name.c_str()); }
    void testCaseEnded(const Catch::TestCaseStats &) override { COV_TRACE_CONTEXT(nullptr); }
};

} // namespace

CATCH_REGISTER_LISTENER(Contexts)
