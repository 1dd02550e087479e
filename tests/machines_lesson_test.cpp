// Lesson 15: its model of a network, its predictions, its pictures, and its processes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "gpt/processes.h"
#include "gradus.h"
#include "lessons/machines/network.h"
#include "lessons/machines/pictures.h"
#include "lessons/machines/prediction.h"
#include "tests/lesson_support.h"

namespace machines_lesson_test {
namespace {

using namespace gradus;
using namespace gradus::lessons;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(AlphaBeta, AllReduceOfFourProcesses) {
  // Two exchanges of halves and quarters, there and back: 4 messages, 2 * 3/4 of the bytes.
  EXPECT_DOUBLE_EQ(
      seconds_of_all_reduce({.seconds_per_message = 1, .bytes_per_second = INFINITY}, 4, 1000), 4);
  EXPECT_DOUBLE_EQ(seconds_of_all_reduce({.bytes_per_second = 1}, 4, 1000), 6000);
}

TEST(AlphaBeta, FitFindsTheNetworkThatWasMeasured) {
  const distributed::NetworkSpeed speed{.seconds_per_message = 3e-5, .bytes_per_second = 2e9};
  std::vector<Measured> measured;
  for (int64_t n = 1; n < 10'000'000; n *= 7)
    measured.push_back({n, seconds_of_all_reduce(speed, 2, static_cast<double>(n))});
  const distributed::NetworkSpeed found = fit(measured, 2);
  EXPECT_NEAR(found.seconds_per_message, 3e-5, 1e-10);
  EXPECT_NEAR(found.bytes_per_second, 2e9, 1e4);
}

TEST(Prediction, NothingIsHiddenWithOneBucket) {
  EXPECT_DOUBLE_EQ(seconds_waited(3, 2, 1, Sending::after), 2);
  EXPECT_DOUBLE_EQ(seconds_waited(3, 2, 1, Sending::beside), 2);
}

TEST(Prediction, OnlyTheLastBucketWaitsIfTheNetworkIsFaster) {
  EXPECT_NEAR(seconds_waited(3, 2, 10, Sending::beside), 0.2, 1e-12);
  // If it is slower, the network is busy from the first bucket on.
  EXPECT_NEAR(seconds_waited(2, 3, 10, Sending::beside), 0.2 + 3 - 2, 1e-12);
}

TEST(Prediction, MemoryWithZero) {
  EXPECT_DOUBLE_EQ(training_bytes(1e9, 1, false), 16e9);
  EXPECT_DOUBLE_EQ(training_bytes(1e9, 4, true), 10e9);
}

TEST(Prediction, AStepOfManyMachines) {
  const Workload work{.name = "", .parameters = 1e6, .sequences = 8, .T = 100, .layers = 0, .C = 0};
  const distributed::NetworkSpeed network{.bytes_per_second = 1e6};
  const StepTime step = predict(work, 4, 1e9, network, Sending::after);
  EXPECT_DOUBLE_EQ(step.computing, 2 * 100 * 6e6 / 1e9);
  EXPECT_DOUBLE_EQ(step.waiting, 2 * 0.75 * 4e6 / 1e6);
  // A machine has at least one sequence.
  EXPECT_DOUBLE_EQ(predict(work, 64, 1e9, network, Sending::after).computing, 100 * 6e6 / 1e9);
  const double zero = predict(work, 4, 1e9, network, Sending::zero).waiting;
  EXPECT_DOUBLE_EQ(zero, predict(work, 4, 1e9, network, Sending::beside).waiting + 0.75 * 4);
}

TEST(Pictures, EndWithTheSumOfAllProcesses) {
  const std::string halves = halves_picture();
  for (const char* row :
       {"process 0 0    0    0    0     01   01   .    .     0123 .    .    .",
        "process 3 3    3    3    3     .    .    23   23    .    .    .    0123"})
    EXPECT_TRUE(contains(halves, row)) << halves;
  EXPECT_TRUE(
      contains(ring_picture(), "process 2 . . 2 .              . 1 2 .              0 1 2 3"))
      << ring_picture();
}

TEST(Pictures, TimelineOfBuckets) {
  Overlap times;
  times.beside = {.seconds = 4, .waited = 1, .backward = 3, .buckets = {{4'000'000, 1, 4}}};
  const std::string picture = timeline(times, {.width = 50});
  EXPECT_TRUE(contains(picture, "backward       ================      3000.0 ms")) << picture;
  EXPECT_TRUE(contains(picture, "bucket  0  4.0M      ###############  4000.0 ms")) << picture;
}

#ifdef LESSON_15
TEST(Lesson15, ComparesProcesses) {
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  const EndedProgram run = run_program(LESSON_15, "--quick");
  EXPECT_EQ(run.status, 0) << run.output;
  if (!gpt::why_no_processes(/*allow_root=*/true).empty()) {
    EXPECT_TRUE(contains(run.output, "need several processes, and none can be started here"));
    return;
  }
  EXPECT_TRUE(contains(run.output, "4 processes: all 4 losses have the same bits: yes"))
      << run.output;
  EXPECT_TRUE(contains(run.output, "waiting, as predicted from the other times"));
}
#endif

}  // namespace
}  // namespace machines_lesson_test
