// A listener for GoogleTest that makes a context of each test: compiled and linked to a test program, it needs no other change.
#include "cov_trace_context.h"
#include <gtest/gtest.h>
#include <string>

namespace {

class Contexts : public testing::EmptyTestEventListener {
    void OnTestStart(const testing::TestInfo &info) override {
        const std::string label = std::string(info.test_suite_name()) + "." + info.name();
        COV_TRACE_CONTEXT(label.c_str());
    }
    void OnTestEnd(const testing::TestInfo &) override { COV_TRACE_CONTEXT(nullptr); }
};

const bool added = (testing::UnitTest::GetInstance()->listeners().Append(new Contexts), true);

} // namespace
