// The framework of the lessons: what it prints, checks, asks, and how it ends.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "autograd/ops.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/lesson.h"
#include "tests/lesson_of_test.h"

namespace lessons_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

TEST(Lesson, SameAsTheBook) {
  const Ended r = run(kAbout, {}, [](Lesson& lesson) {
    lesson.step("3.3.1", "The context vector");
    lesson.show_from_book("context_vec_2", context_2() + 1e-6);
  });
  EXPECT_EQ(r.status, 0);
  EXPECT_CONTAINS(r.output, "context_vec_2  [3]\ntensor([0.4419, 0.6515, 0.5683])\n");
  EXPECT_CONTAINS(r.output, "same as the book: yes (largest difference 1.0e-06)\n");
  EXPECT_CONTAINS(r.output, "1 of 1 checked steps have the book's numbers");
}

TEST(Lesson, AWrongValueGivesNoAndStatus1) {
  const auto body = [](Lesson& lesson) {
    lesson.step("3.3.1", "The context vector");
    lesson.show_from_book("context_vec_2", context_2() + tensor({0.0, 1e-5, 0.0}));
    lesson.step("3.3.2", "Right again");
    lesson.show_from_book("context_vec_2", context_2());
  };
  const Ended r = run(kAbout, {}, body);
  EXPECT_EQ(r.status, 1);
  EXPECT_CONTAINS(r.output,
                  "same as the book: no (largest difference 1.0e-05; context_vec_2: 0.651492 "
                  "instead of 0.651481986)");
  EXPECT_CONTAINS(r.output, "same as the book: yes");
  EXPECT_CONTAINS(r.output, "1 of 2 checked steps");
  Arguments quiet;
  quiet.quiet = true;
  const Ended q = run(kAbout, quiet, body);
  EXPECT_EQ(q.status, 1);
  EXPECT_TRUE(q.output.starts_with("04 3.3.1   same as the book: no (largest difference 1.0e-05;"))
      << q.output;
  EXPECT_EQ(std::count(q.output.begin(), q.output.end(), '\n'), 2) << q.output;
}

TEST(Lesson, WrongShapeNanAndInfinityAreNotTheBooks) {
  for (const Tensor& x :
       {context_2().unsqueeze(0), context_2() * std::nan(""), context_2() / 0.0}) {
    const Ended r = run(kAbout, {}, [&](Lesson& lesson) {
      lesson.step("1", "x");
      lesson.show_from_book("context_vec_2", x);
    });
    EXPECT_EQ(r.status, 1);
    EXPECT_CONTAINS(r.output, "same as the book: no");
  }
}

TEST(Lesson, ANameThatTheBookDoesNotHaveIsAnError) {
  try {
    run(kAbout, {}, [](Lesson& lesson) { lesson.show_from_book("context_vec_3", context_2()); });
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "golden: there is no '11_pitfalls/context_vec_3'");
  }
}

TEST(Lesson, UnequalThingsFailTheLesson) {
  const Ended equal =
      run(kAbout, {}, [](Lesson& lesson) { lesson.equal("ways equal", ones(2), ones(2)); });
  EXPECT_EQ(equal.status, 0);
  EXPECT_CONTAINS(equal.output, "ways equal: yes (largest difference 0)\n");
  Arguments quiet;
  quiet.quiet = true;
  const Ended r = run(kAbout, quiet, [](Lesson& lesson) {
    lesson.equal("ways equal", ones(2), ones(2) * 2.0);
    lesson.equal("counts equal", 3, 4);
    lesson.equal("fine", 3, 3);
  });
  EXPECT_EQ(r.status, 1);
  EXPECT_CONTAINS(r.output, "ways equal: no (largest difference 1.0e+00; 1 instead of 2)\n");
  EXPECT_CONTAINS(r.output, "counts equal: no (3 instead of 4)\n");
  EXPECT_FALSE(contains(r.output, "fine"));
}

TEST(Lesson, WithoutABookChecksAreByHand) {
  const auto body = [](double y) {
    return [y](Lesson& lesson) {
      lesson.step("1", "Gradients");
      lesson.equal("dy/dx", tensor(y), tensor(6.0));
    };
  };
  const Ended right = run(kByHand, {}, body(6));
  const Ended wrong = run(kByHand, {}, body(7));
  EXPECT_EQ(right.status, 0);
  EXPECT_CONTAINS(right.output, "as expected: yes");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_CONTAINS(wrong.output, "as expected: no");
}

TEST(Lesson, PlayingSwitchesTheChecksOffAndSaysSo) {
  Arguments arguments;
  arguments.seed = 7;
  arguments.text = "to be or not";
  const Ended r = run(kAbout, arguments, [](Lesson& lesson) {
    EXPECT_EQ(lesson.seed(123), 7u);
    EXPECT_EQ(lesson.words(), (Words{"to", "be", "or", "not"}));
    lesson.step("1", "x");
    lesson.show_from_book("context_vec_2", ones(3));
    lesson.step("2", "nothing to check");
  });
  EXPECT_EQ(r.status, 0);
  EXPECT_CONTAINS(r.output, "same as the book: not checked (--seed and --text)\n");
  EXPECT_EQ(r.output.find("not checked ("), r.output.rfind("not checked ("));
  const Ended other =
      run(kByHand, arguments, [](Lesson& lesson) { EXPECT_TRUE(lesson.by_the_book()); });
  EXPECT_CONTAINS(other.output, "(--seed changes nothing in this lesson.)");
}

TEST(Lesson, HelpHasTheOptionsOfTheLessonOnly) {
  const auto help = [](const About& about) {
    const char* const line[] = {"lesson", "--help"};
    Arguments arguments;
    testing::internal::CaptureStdout();
    EXPECT_EQ(parse(2, line, about, arguments), 0);
    return testing::internal::GetCapturedStdout();
  };
  About about = kAbout;
  about.query = "The word whose scores are computed";
  const std::string text = help(about);
  for (const char* had : {"--query", "The word whose scores are computed", "--text", "--seed",
                          "--step", "--from", "--code"})
    EXPECT_CONTAINS(text, had);
  for (const char* other : {"--pairs", "--quick", "--dropout", "--all"})
    EXPECT_FALSE(contains(text, other)) << text;
  EXPECT_FALSE(contains(help(kByHand), "--seed"));
}

TEST(Lesson, NumbersOfTheCommandLine) {
  const auto parsed = [](const char* option, const char* value, Arguments& arguments) {
    const char* const line[] = {"lesson_04", option, value};
    return parse(3, line, kAbout, arguments);
  };
  Arguments arguments;
  EXPECT_FALSE(parsed("--query", "010", arguments));
  EXPECT_EQ(arguments.query, 10);
  EXPECT_FALSE(parsed("--seed", "-9223372036854775808", arguments));
  EXPECT_EQ(arguments.seed, INT64_MIN);
  const auto expect_refused = [&](const char* option, const char* value, const char* message) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parsed(option, value, arguments), 2);
    EXPECT_CONTAINS(testing::internal::GetCapturedStderr(), message);
  };
  for (const char* option : {"--query", "--seed"}) {
    expect_refused(option, "9223372036854775808", "does not fit into 64 bits with a sign");
    expect_refused(option, "-99999999999999999999", "does not fit into 64 bits with a sign");
    for (const char* wrong : {"", "x", "5x", "1.5", "1e3", "0x2", " 5", "+5"})
      expect_refused(option, wrong, "expected an integer, got '");
  }
}

TEST(Lesson, WordsAndQueriesOfTheReader) {
  Arguments arguments;
  arguments.text = "one step \x1b[31mred one";
  arguments.query = 4;
  run(kAbout, arguments, [](Lesson& lesson) {
    EXPECT_EQ(lesson.words()[2], "?[31mred");
    EXPECT_EQ(lesson.query(), 3);
    const Tensor table = arange(18).view({6, 3}).to(kFloat32);
    const Tensor x = lesson.vectors(table);
    EXPECT_EQ(to_string(x.sizes()), "[4, 3]");
    EXPECT_TRUE(equal(x[0], table[4]));  // known words keep the book's vectors
    EXPECT_TRUE(equal(x[1], table[5]));
    EXPECT_TRUE(equal(x[0], x[3]));  // equal words are equal rows
    EXPECT_LT(x[2].max().item<float>(), 1);
  });
  const auto message = [](const Arguments& a) {
    try {
      run(kAbout, a, [](Lesson&) {});
      return std::string("no error");
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  Arguments wrong;
  wrong.query = 7;
  EXPECT_EQ(message(wrong), "--query: expected the number of a word, 1 to 6, got 7");
  wrong.query = {};
  for (const auto& [text, words] :
       {std::pair{"", 0}, {"one", 1}, {"a b c d e f g h i j k l m", 13}}) {
    wrong.text = text;
    EXPECT_EQ(message(wrong), fmt::format("--text: expected 2 to 12 words, got {}", words));
  }
}

TEST(Lesson, QuestionsAreAnswered) {
  const auto body = [](Lesson& lesson) {
    lesson.ask("which?", {"cat", "dog", "cow"}, 1);
    lesson.say("after");
  };
  EXPECT_CONTAINS(run(kAbout, interactive(), body, "2\n").output, "Right: dog.");
  EXPECT_CONTAINS(run(kAbout, interactive(), body, "3\n").output,
                  "You said: cow. The answer is: dog.");
  EXPECT_CONTAINS(run(kAbout, interactive(), body, "\n").output, "The answer is: dog.");
  const Ended silly = run(kAbout, interactive(), body, "0\n4\n99999999999999999999\ncow\n-1\n2\n");
  EXPECT_CONTAINS(silly.output, "Right: dog.");
  for (const char* leaving : {"q\n", ""}) {
    const Ended left = run(kAbout, interactive(), body, leaving);
    EXPECT_FALSE(contains(left.output, "after"));
    EXPECT_EQ(left.status, 0);
  }
  Arguments step;
  step.step = true;  // but nobody is there
  EXPECT_CONTAINS(run(kAbout, step, body).output,
                  "Question: which?\n1: cat, 2: dog, 3: cow\nAnswer: dog\n\nafter");
  EXPECT_FALSE(contains(run(kAbout, {}, body).output, "which?"));
}

TEST(Lesson, TheRightAnswerIsComputed) {
  const auto asks = [](std::vector<Lesson::Option> options) {
    Arguments step;
    step.step = true;
    return run(kAbout, step, [&](Lesson& lesson) { lesson.ask("which?", options); }).output;
  };
  EXPECT_CONTAINS(asks({{"cat", false}, {"dog", true}, {"cow", true}}), "Answer: dog\n");
  EXPECT_THROW(asks({{"cat", false}, {"dog", false}}), Error);
}

TEST(Lesson, QuickSaysThatNothingIsLearned) {
  About trains = kAbout;
  trains.options.emplace_back("quick");
  Arguments quick;
  quick.quick = true;
  const auto nothing = [](Lesson&) {};
  EXPECT_CONTAINS(run(trains, quick, nothing).output, "train for a few steps only");
  EXPECT_FALSE(contains(run(trains, {}, nothing).output, "train for a few steps only"));
  EXPECT_FALSE(contains(run(kAbout, quick, nothing).output, "train for a few steps only"));
}

TEST(Lesson, WaitsBetweenStepsOnlyForAReader) {
  const auto body = [](Lesson& lesson) {
    lesson.step("1", "one");
    lesson.step("2", "two");
    lesson.step("3", "three");
  };
  const Ended left = run(kAbout, interactive(), body, "\nq\n");
  EXPECT_CONTAINS(left.output, "two");
  EXPECT_FALSE(contains(left.output, "three"));
  EXPECT_CONTAINS(run(kAbout, interactive(), body, "\n\n").output, "three");
  EXPECT_CONTAINS(run(kAbout, {}, body).output, "three");
}

TEST(Lesson, LabelsAreBesideRowsAndAboveColumns) {
  const Tensor x = tensor({{0.5, 1.25}, {2.0, -3.0}});
  EXPECT_EQ(
      with_labels(to_string(x), {.rows = {"the", "cat"}, .columns = {"a", "journey"}, .marked = 1}),
      "               a  journey\n"
      "tensor([[ 0.5000,  1.2500],   the\n"
      "        [ 2.0000, -3.0000]])  cat  <--\n");
  EXPECT_EQ(with_labels(to_string(stack({x, x})), {.rows = {"the", "cat"}}),
            "tensor([[[ 0.5000,  1.2500],    the\n"
            "         [ 2.0000, -3.0000]],   cat\n"
            "\n"
            "        [[ 0.5000,  1.2500],    the\n"
            "         [ 2.0000, -3.0000]]])  cat\n");
  EXPECT_EQ(with_labels(to_string(tensor(1.0)), {.rows = {"the"}, .columns = {"a"}}),
            "tensor(1.)\n");
}

TEST(Lesson, LabelsThatDoNotFitBecomeNumbers) {
  const Tensor x = tensor({{1.0, 0.0}, {0.0, 1.0}});
  const Words words{"journey", "starts"};
  EXPECT_EQ(with_labels(to_string(x), {.rows = words, .columns = words}),
            "          1   2\n"
            "tensor([[1., 0.],   1 journey\n"
            "        [0., 1.]])  2 starts\n");
  EXPECT_EQ(with_labels(to_string(x), {.columns = words}),
            "          1   2\n"
            "tensor([[1., 0.],\n"
            "        [0., 1.]])\n"
            "columns: 1 journey, 2 starts\n");
}

TEST(Lesson, RowsLongerThanTheWindowAreBroken) {
  const Tensor x = full({2, 6}, 0.25);
  EXPECT_EQ(with_labels(to_string(x), {.rows = {"the", "cat"}, .columns = {"a", "b"}}, 50),
            "tensor([[0.2500, 0.2500, 0.2500, 0.2500,\n"
            "         0.2500, 0.2500],                 the\n"
            "        [0.2500, 0.2500, 0.2500, 0.2500,\n"
            "         0.2500, 0.2500]])                cat\n"
            "columns: 1 a, 2 b\n");
}

TEST(Lesson, DetailsAreComparedAndPrintedWithAll) {
  const auto body = [](double error) {
    return [error](Lesson& lesson) {
      lesson.step("3.3.1", "The context vector");
      lesson.detail("context_vec_2", context_2() + error);
    };
  };
  Arguments all;
  all.all = true;
  for (const Arguments& arguments : {Arguments(), all}) {
    EXPECT_EQ(run(kAbout, arguments, body(1)).status, 1);
    EXPECT_EQ(run(kAbout, arguments, body(0)).status, 0);
  }
  const Ended brief = run(kAbout, {}, body(0));
  EXPECT_FALSE(contains(brief.output, "context_vec_2"));
  EXPECT_CONTAINS(brief.output, "; 1 more tensor: --all prints it)");
  EXPECT_CONTAINS(run(kAbout, all, body(0)).output, "context_vec_2  [3]\n");
}

TEST(Golden, ReadsTensorsHeadsAndNumbers) {
  EXPECT_EQ(to_string(golden::get("01_simplified_self_attention/inputs").sizes()), "[6, 3]");
  EXPECT_EQ(golden::get("05_gpt_block/block_768/parameters").item<int64_t>(), 7085568);
  EXPECT_TRUE(std::isinf(golden::get("03_causal_attention/masked_scores")[0][5].item<float>()));
  EXPECT_TRUE(std::isnan(
      golden::get("11_pitfalls/mask_includes_diagonal/attn_weights")[0][0].item<float>()));
  EXPECT_TRUE(golden::compare(golden::get("03_causal_attention/masked_scores"),
                              "03_causal_attention/masked_scores")
                  .same);
  const golden::Comparison wrong =
      golden::compare(zeros({2, 4, 768}), "05_gpt_block/block_768/output_eval");
  EXPECT_FALSE(wrong.same);
  EXPECT_FALSE(golden::compare(zeros({2, 4}), "05_gpt_block/block_768/output_eval").same);
  EXPECT_THROW(golden::get("05_gpt_block"), Error);
  EXPECT_THROW(golden::get("05_gpt_block/nothing"), Error);
}

}  // namespace
}  // namespace lessons_test
