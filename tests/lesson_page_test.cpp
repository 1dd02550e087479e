// The page of a lesson: what the screen shows becomes panels, and when the page is written.
#include "lessons/kit/lesson_page.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/expect_error.h"
#include "tests/lesson_of_test.h"
#include "tests/temporary.h"

namespace lesson_page_test {
using namespace gradus;
using namespace gradus::lessons;
using nlohmann::json;

namespace {

Arguments as_json() {
  Arguments arguments;
  arguments.json = true;
  return arguments;
}

/// The panels of the report that a lesson prints.
template <class Body>
json panels_of(const Body& body, const Arguments& arguments = as_json(),
               const About& about = kAbout) {
  const Ended ended = run(about, arguments, body);
  return json::parse(ended.output).at("panels");
}

std::vector<json> of_type(const json& panels, const std::string& type) {
  std::vector<json> found;
  for (const json& panel : panels)
    if (panel.at("type") == type) found.push_back(panel);
  return found;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void some_steps(Lesson& lesson) {
  lesson.step("3.3.1", "The context vector");
  lesson.say("It has {} numbers.", 3);
  lesson.ask("how many sum to 1?", {"none", "all"}, 1);
  lesson.show_from_book("context_vec_2", context_2(), {.columns = {"a", "b", "c"}});
  lesson.often_asked("Why?", "Because.");
  lesson.step("3.3.2", "More");
  lesson.equal("ways equal", ones(2), ones(2));
  lesson.heatmap("weights", full({2, 2}, 0.5), {"q0", "q1"}, {"k0", "k1"});
  lesson.try_next({"an idea"});
}

TEST(LessonPage, AQuestionMayBeginWithAVariable) {
  const json panels = panels_of([](Lesson& lesson) {
    lesson.step("1", "A sum");
    lesson.ask("a = 2: how much is a + a?", {"2", "4"}, 1);
  });
  EXPECT_EQ(of_type(panels, "question").at(0).at("question"), "a = 2: how much is a + a? (2 / 4)");
}

TEST(LessonPage, HasWhatTheScreenShows) {
  const json panels = panels_of(some_steps);
  std::vector<std::string> sections;
  for (const json& section : of_type(panels, "section"))
    sections.push_back(section.at("title"));
  EXPECT_EQ(sections, (std::vector<std::string>{"Step 1 (book 3.3.1)  The context vector",
                                                "Step 2 (book 3.3.2)  More", "What to try next"}));
  EXPECT_EQ(of_type(panels, "paragraph").at(0).at("text"), "It has 3 numbers.");
  const auto questions = of_type(panels, "question");
  ASSERT_EQ(questions.size(), 2U);
  EXPECT_EQ(questions[0].at("question"), "How many sum to 1? (none / all)");
  EXPECT_EQ(questions[0].at("answer"), "all");
  EXPECT_EQ(questions[1].at("question"), "Why?");
  const auto tensors = of_type(panels, "tensor");
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].at("title"), "context_vec_2");
  EXPECT_EQ(tensors[0].at("columns"), json({"a", "b", "c"}));
  EXPECT_EQ(tensors[0].at("values").at("data"), json({0.44187, 0.65148, 0.56831}));
  const auto checks = of_type(panels, "check");
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_TRUE(checks[0].at("text").get<std::string>().starts_with("same as the book: yes"));
  EXPECT_EQ(checks[1].at("text"), "ways equal: yes (largest difference 0)");
  EXPECT_EQ(checks[2].at("text"), "Lesson 04: 1 of 1 checked steps have the book's numbers.");
  EXPECT_EQ(of_type(panels, "heatmap").at(0).at("rows"), json({"q0", "q1"}));
}

TEST(LessonPage, IsCompleteWhereTheScreenShowsLess) {
  const json all = panels_of(some_steps);
  for (const char* how : {"quiet", "from", "step"}) {
    Arguments arguments = as_json();
    arguments.quiet = how == std::string("quiet");
    arguments.step = how == std::string("step");
    arguments.from = how == std::string("from") ? 2 : 1;
    EXPECT_EQ(panels_of(some_steps, arguments), all) << how;
  }
}

TEST(LessonPage, WithoutItNothingIsRecorded) {
  const Ended plain = run(kAbout, {}, some_steps);
  Arguments with_page;
  with_page.page = temporary_path("lesson.html").string();
  const Ended both = run(kAbout, with_page, some_steps);
  EXPECT_EQ(both.status, 0);
  EXPECT_EQ(both.output, plain.output + "\nThe lesson as a page:\n  " + *with_page.page + "\n");
  const std::string html = text_of(*with_page.page);
  EXPECT_CONTAINS(html, "<title>Lesson 04: Test</title>");
  EXPECT_CONTAINS(html, "How many sum to 1?");
}

TEST(LessonPage, AWrongNumberFailsOnThePageToo) {
  const auto body = [](Lesson& lesson) {
    lesson.step("3.3.1", "The context vector");
    lesson.show_from_book("context_vec_2", context_2() + 1.0);
  };
  const Ended ended = run(kAbout, as_json(), body);
  EXPECT_EQ(ended.status, 1);
  const auto checks = of_type(json::parse(ended.output).at("panels"), "check");
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_FALSE(checks[0].at("ok"));
  EXPECT_TRUE(checks[0].at("text").get<std::string>().starts_with("same as the book: no"));
  EXPECT_FALSE(checks[1].at("ok"));
}

TEST(LessonPage, LinesBecomeOneTextAndRedrawnOnesTheLast) {
  const json panels = panels_of([](Lesson& lesson) {
    lesson.step("1", "Lines");
    lesson.line("num docs: {}", 3);
    for (int step = 1; step <= 3; ++step)
      lesson.redrawn("step {}", step);
    lesson.line("done");
    lesson.say("And a paragraph.");
    lesson.lines("  a table\n  of two lines\n");
  });
  const auto outputs = of_type(panels, "output");
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].at("text"), "num docs: 3\nstep 3\ndone\n");
  EXPECT_EQ(outputs[1].at("text"), "  a table\n  of two lines\n");
}

TEST(LessonPage, LossesOfATrainingBecomeACurveOfAtMost200Points) {
  const json panels = panels_of([](Lesson& lesson) {
    lesson.step("1", "Training");
    ProgressBar progress("training", 1000, lesson.progress());
    while (progress.going()) {
      progress.step(static_cast<double>(1000 - progress.steps_done()), 1);
      if (progress.steps_done() == 500) progress.print("a sample");
    }
    lesson.say("Trained.");
  });
  const auto curves = of_type(panels, "curve");
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].at("title"), "training: the loss while it learns");
  EXPECT_EQ(curves[0].at("series").at(0).at("name"), "mean of 5 steps");
  ASSERT_EQ(curves[0].at("series").at(0).at("values").size(), 200U);
  EXPECT_EQ(curves[0].at("series").at(0).at("values").at(0), 998);  // of 1000, 999, ..., 996
  EXPECT_EQ(curves[0].at("x").at(0), 3);                            // of 1, 2, ..., 5
  const auto outputs = of_type(panels, "output");
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_TRUE(outputs[0].at("text").get<std::string>().starts_with("a sample\ntraining: 1000"));
}

TEST(LessonPage, ALessonThatIsLeftSaysSo) {
  Arguments arguments = interactive();
  arguments.page = temporary_path("left.html").string();
  std::istringstream in("q\n");
  std::ostringstream out;
  Lesson lesson(kAbout, arguments, in, out);
  EXPECT_THROW(
      {
        lesson.step("1", "First");
        lesson.step("2", "Second");
      },
      Lesson::Leave);
  lesson.finish(/*to_the_end=*/false);
  const std::string html = text_of(*arguments.page);
  EXPECT_CONTAINS(html, "Step 1  First");
  EXPECT_FALSE(contains(html, "Step 2  Second"));
  EXPECT_CONTAINS(html, "(The lesson was left here.)");
}

TEST(LessonPage, AFileThatCannotBeWrittenIsAnErrorBeforeTheLesson) {
  const std::string folder = temporary_path("folder").string();
  std::filesystem::create_directory(folder);
  const auto starting = [](const std::string& file) {
    return [file] {
      Arguments arguments;
      arguments.page = file;
      std::istringstream in;
      std::ostringstream out;
      const Lesson lesson(kAbout, arguments, in, out);
    };
  };
  expect_error(
      starting(folder + "/missing/x.html"),
      "--page: " + folder + "/missing/x.html: it cannot be written: No such file or directory");
  expect_error(starting(folder), "--page: " + folder + ": it is a directory");
  expect_error(starting(""), "--page: the name of the file is empty");
}

TEST(LessonPage, TheCheckOfTheFileLeavesWhatIsThere) {
  const auto file = temporary_path("kept.html");
  std::ofstream(file) << "an earlier page";
  {
    Arguments arguments;
    arguments.page = file.string();
    std::istringstream in;
    std::ostringstream out;
    const Lesson lesson(kAbout, arguments, in, out);  // and then it is killed
  }
  EXPECT_EQ(text_of(file), "an earlier page");
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path()))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST(LessonPage, AReaderCanChangeTheOptionsOfTheLesson) {
  const auto flags_of = [](const About& about) {
    const json report = json::parse(run(about, as_json(), [](Lesson&) {}).output);
    std::vector<std::string> flags;
    for (const json& field : report.at("run_box"))
      flags.push_back(field.at("flag"));
    return flags;
  };
  EXPECT_EQ(flags_of(kAbout), (std::vector<std::string>{"--text", "--query", "--seed"}));
  EXPECT_EQ(flags_of(kByHand), std::vector<std::string>());
  About about = kAbout;
  about.own_text = "A text file to learn from";
  EXPECT_EQ(flags_of(about), (std::vector<std::string>{"--query", "--seed"}));
}

}  // namespace
}  // namespace lesson_page_test
