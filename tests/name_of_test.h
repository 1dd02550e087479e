// Folders that tests need below the build folder: each test has its own, as ctest runs tests side
// by side.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace gradus {

/// The running test as a folder's name: "Suite.Test", with a parameter "Suite.Test-parameter".
inline std::string name_of_test() {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  std::string name = fmt::format("{}.{}", test.test_suite_name(), test.name());
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

}  // namespace gradus
