// The screens of a lesson, its steps, and what their numbers are compared with.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "lessons/kit/golden.h"
#include "tests/lesson_of_test.h"

namespace lesson_steps_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

TEST(Lesson, FromLeavesOutTheStepsBefore) {
  Arguments arguments;
  arguments.from = 2;
  arguments.step = true;
  const auto body = [](double error) {
    return [error](Lesson& lesson) {
      lesson.step("1", "alpha");
      lesson.say("one");
      lesson.ask("guess?", {"a", "b"}, 0);
      lesson.show_from_book("context_vec_2", context_2() + error);
      lesson.step("2", "second");
      lesson.say("two");
    };
  };
  const Ended r = run(kAbout, arguments, body(0));
  EXPECT_EQ(r.status, 0);
  for (const char* part : {"alpha", "one", "guess?", "context_vec_2", "test"})
    EXPECT_FALSE(contains(r.output, part)) << r.output;
  EXPECT_CONTAINS(r.output, "Continuing at step 2.");
  EXPECT_CONTAINS(r.output, "Step 2  second\n--------------\ntwo\n");
  arguments.from = 99;
  std::string output;
  EXPECT_THROW(
      {
        const Ended beyond = run(kAbout, arguments, body(0));
        output = beyond.output;
      },
      Error);
  EXPECT_FALSE(contains(output, "Continuing"));
  arguments.from = 2;
  const Ended wrong = run(kAbout, arguments, body(1));
  EXPECT_EQ(wrong.status, 1);
  EXPECT_CONTAINS(wrong.output, "same as the book: no");
}

TEST(Lesson, HeadingsHaveTheNumberOfTheStepAndTheSectionOfTheBook) {
  const Ended r = run(kAbout, {}, [](Lesson& lesson) {
    lesson.step("1", "One");
    lesson.step("3.4.1", "Two");
    lesson.step("ex. 3.1", "Three");
    lesson.step("what if", "... it is four?");
  });
  for (const char* heading :
       {"\nStep 1  One\n", "\nStep 2 (book 3.4.1)  Two\n", "\nStep 3 (book ex. 3.1)  Three\n",
        "\nStep 4  What if it is four?\n"})
    EXPECT_CONTAINS(r.output, heading);
}

TEST(Lesson, AScreenIsCutAtEmptyLinesAndNotLongerThanTheWindow) {
  const auto body = [](Lesson& lesson) {
    lesson.step("1", "one");
    for (int i = 0; i < 5; ++i)
      lesson.lines(fmt::format("a{0}\nb{0}\nc{0}\nd{0}\ne{0}\nf{0}\n", i));
    std::string tall;
    for (int i = 0; i < 60; ++i)
      tall += fmt::format("line {}\n", i);
    lesson.lines(tall);
  };
  const Ended r = run(kAbout, interactive(), body, "\n\n\n\n\n\n\n\n\n");
  std::string rest = r.output;
  const std::string prompt = "Enter or space: more (q: leave) ";
  for (size_t at; (at = rest.find(prompt)) != rest.npos; rest.erase(0, at + prompt.size()))
    EXPECT_LT(std::count(rest.begin(), rest.begin() + std::ssize(rest.substr(0, at)), '\n'), 24);
  EXPECT_CONTAINS(r.output, "f1\nEnter or space: more (q: leave) \na2\n");
  EXPECT_CONTAINS(r.output, "line 59\n");
}

TEST(Lesson, FewLinesAtTheEndOfAStepGetNoScreenOfTheirOwn) {
  const auto body = [](Lesson& lesson) {
    lesson.step("1", "one");
    lesson.lines("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\n");
    lesson.say("the end of step one");
    lesson.step("2", "two");
    lesson.say("all of step two");
  };
  const Ended r = run(kByHand, interactive(), body, "\n\n\n\n");
  EXPECT_CONTAINS(r.output,
                  "t\nEnter or space: step 2 (q: leave) \nthe end of step one\n\nStep 2  two\n");
  const Ended left = run(kByHand, interactive(), body, "\nq\n");
  EXPECT_CONTAINS(left.output, "the end of step one\n");
}

TEST(Lesson, NumbersThatAreNotInTheBookAreComparedWithPyTorch) {
  const auto body = [](Lesson& lesson) {
    lesson.step("3.3.1", "The context vector");
    lesson.show_from_book("context_vec_2", context_2());
    lesson.step("what if", "wrong on purpose");
    const Tensor x = golden::get("01_simplified_self_attention/inputs");
    lesson.show_from_book("transposed_product/scores", matmul(x.t(), x));
  };
  const Ended r = run(kAbout, {}, body);
  EXPECT_EQ(r.status, 0);
  EXPECT_CONTAINS(r.output, "same as PyTorch: yes");
  EXPECT_CONTAINS(r.output,
                  "1 of 1 checked steps have the book's numbers, and 1 of 1 others have PyTorch's");
}

TEST(Lesson, AStepAfterTheLastOneIsAnError) {
  Arguments arguments;
  arguments.from = 99;
  try {
    run(kAbout, arguments, [](Lesson& lesson) { lesson.step("1", "alpha"); });
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "--from: expected a step, 1 to 1, got 99");
  }
}

}  // namespace
}  // namespace lesson_steps_test
