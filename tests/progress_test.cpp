// How long work is shown to be, on a terminal and elsewhere, and Ctrl-C in the middle of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "terminal/progress_bar.h"
#include "tests/expect_error.h"

namespace progress_test {
using namespace gradus;
using namespace gradus::terminal;

namespace {

struct Time {
  double now = 100;
  ProgressBar::Clock clock() {
    return [this] { return now; };
  }
};

TEST(Progress, DurationsAreShort) {
  EXPECT_EQ(duration_text(0.4), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(7500), "2 h 5 min");
  EXPECT_EQ(duration_text(-1), "0 s");
}

TEST(Progress, PlainLinesWhenNotATerminal) {
  std::ostringstream out;
  Time time;
  ProgressBar progress("training", 40, {.stream = &out}, {}, 4, time.clock());
  while (progress.going()) {
    time.now += 0.5;
    progress.step(2.0, 100);
  }
  EXPECT_FALSE(progress.stopped());
  EXPECT_EQ(progress.steps_done(), 40);
  EXPECT_DOUBLE_EQ(progress.seconds_per_step(), 0.5);
  const std::string text = out.str();
  EXPECT_TRUE(
      text.starts_with("training: 40 steps, about 20 s on this machine\n"
                       "training: step 4 of 40, loss 2.0000, 200 tokens/s, 18 s left\n"
                       "training: step 8 of 40, loss 2.0000, 200 tokens/s, 16 s left\n"))
      << text;
  EXPECT_TRUE(text.ends_with("training: 40 steps in 20 s; loss 2.0000\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11) << text;
  EXPECT_EQ(text.find('\r'), text.npos);
}

TEST(Progress, TheEstimateComesFromTheTrialAlone) {
  std::ostringstream out;
  Time time;
  ProgressBar progress("training", 100, {.stream = &out}, {}, 8, time.clock());
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(progress.going());
    EXPECT_EQ(out.str(), "");
    time.now += 0.25;
    progress.step(1, 1);
  }
  EXPECT_TRUE(out.str().starts_with("training: 100 steps, about 25 s on this machine\n"))
      << out.str();
}

TEST(Progress, WorkThatContinuesCountsAllStepsAndTimesItsOwn) {
  std::ostringstream out;
  Time time;
  ProgressBar progress("training", 100, {.stream = &out}, {}, 0, time.clock(), 60);
  while (progress.going()) {
    time.now += 0.5;
    progress.step(2.0, 100);
    if (progress.steps_done() == 61) {
      EXPECT_DOUBLE_EQ(progress.seconds_left(), 19.5);
      EXPECT_DOUBLE_EQ(progress.seconds_per_step(), 0.5);
    }
  }
  EXPECT_TRUE(
      out.str().starts_with("training: step 70 of 100, loss 2.0000, 200 tokens/s, 15 s left\n"))
      << out.str();
  EXPECT_TRUE(out.str().ends_with("training: 40 steps in 20 s; loss 2.0000\n")) << out.str();
  expect_error([] { const ProgressBar wrong("training", 3, {}, {}, 0, {}, 4); },
               "progress: 4 steps of 'training' were done before, and there are 3");
}

TEST(Progress, ATextIsPrintedAboveTheBar) {
  std::ostringstream out;
  Time time;
  ProgressBar progress("t", 10, {.stream = &out, .redraw = true, .canvas = {.width = 20}}, {}, 0,
                       time.clock());
  time.now += 1;
  progress.step(1, 1);
  out.str("");
  progress.print("a sample");
  EXPECT_EQ(out.str(), "\r" + std::string(19, ' ') + "\ra sample\n");
}

TEST(Progress, StepsMayCostDifferently) {
  std::ostringstream out;
  Time time;
  ProgressBar progress(
      "training", 10, {.stream = &out}, [](int64_t s) { return s < 5 ? 1.0 : 3.0; }, 2,
      time.clock());
  for (int i = 0; i < 2; ++i) {
    time.now += 1;
    progress.step(1, 1);
  }
  EXPECT_TRUE(out.str().starts_with("training: 10 steps, about 20 s on this machine\n"))
      << out.str();
  EXPECT_DOUBLE_EQ(progress.seconds_left(), 18);
}

TEST(Progress, ABarIsDrawnOverAndRemoved) {
  std::ostringstream out;
  Time time;
  {
    ProgressBar progress("training", 4, {.stream = &out, .redraw = true, .canvas = {.utf8 = false}},
                         {}, 1, time.clock());
    while (progress.going()) {
      time.now += 1;
      progress.step(0.5, 10);
    }
  }
  const std::string text = out.str();
  const std::string gone = "\r" + std::string(79, ' ') + "\r";
  EXPECT_NE(text.find("\r######.................. step 1 of 4, loss 0.5000, 10 tokens/s, 3 s left"),
            text.npos)
      << text;
  EXPECT_NE(text.find("\r##################...... step 3 of 4, loss 0.5000, 10 tokens/s, 1 s left"),
            text.npos)
      << text;
  EXPECT_TRUE(text.ends_with(gone + "training: 4 steps in 4 s; loss 0.5000\n")) << text;
}

TEST(Progress, ABarFitsANarrowTerminalAndIsNotDrawnTooOften) {
  std::ostringstream out;
  Time time;
  ProgressBar progress("t", 1000, {.stream = &out, .redraw = true, .canvas = {.width = 20}}, {}, 1,
                       time.clock());
  while (progress.going()) {
    time.now += 0.01;
    progress.step(0.5, 10);
  }
  EXPECT_NE(out.str().find("\rstep 1 of 1000, los"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("loss 0.5000, 1"), std::string::npos) << out.str();
  const std::string text = out.str();
  const auto drawn = std::count(text.begin(), text.end(), '\r');
  EXPECT_GT(drawn, 50);
  EXPECT_LT(drawn, 120);
}

TEST(Progress, CtrlCStopsAndSaysWhatWasReached) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  std::ostringstream out;
  Time time;
  {
    ProgressBar progress("training", 100, {.stream = &out}, {}, 8, time.clock());
    int steps = 0;
    while (progress.going()) {
      time.now += 1;
      progress.step(0.25, 10);
      if (++steps == 12) std::raise(SIGINT);
    }
    EXPECT_TRUE(progress.stopped());
    EXPECT_FALSE(progress.going());
    EXPECT_EQ(steps, 12);
  }
  EXPECT_TRUE(
      out.str().ends_with("training: stopped after 12 of 100 steps and 12 s; loss 0.2500\n"))
      << out.str();
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);  // as it was
  ProgressBar again("training", 1, {}, {}, 1, time.clock());
  EXPECT_TRUE(again.going());
}

TEST(Progress, NothingToDoAndNothingToSay) {
  std::ostringstream out;
  ProgressBar none("training", 0, {.stream = &out});
  EXPECT_FALSE(none.going());
  EXPECT_EQ(out.str(), "training: 0 steps in 0 s\n");
  ProgressBar quiet("training", 2, {});
  while (quiet.going())
    quiet.step(1, 1);
  EXPECT_EQ(quiet.steps_done(), 2);
  expect_error([] { ProgressBar("training", -1, {}); },
               "progress: -1 steps of 'training' - expected 0 or more");
}

}  // namespace
}  // namespace progress_test
