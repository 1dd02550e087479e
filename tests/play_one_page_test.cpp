// The page "A GPT on one page": its numbers are those of lesson 10.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "gradus.h"
#include "lessons/one_page/word_lists.h"
#include "page/json_values.h"
#include "page/play/one_page/embedding_map.h"
#include "page/play/one_page/report.h"
#include "page/play/one_page/values.h"
#include "tests/expect_error.h"
#include "tests/microgpt_golden.h"
#include "tests/play_support.h"
#include "tests/temporary.h"

using namespace gradus;
using namespace gradus::page;
using namespace gradus::page::one_page;

namespace {

std::string source_of_lesson() {
  std::ifstream file(GRADUS_SOURCE_DIR "/lessons/10_gpt_on_one_page.cpp");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number in a line of the source that has this text, from 1.
int line_with(const std::string& text) {
  std::istringstream source(source_of_lesson());
  int number = 1;
  for (std::string line; std::getline(source, line); ++number)
    if (line.find(text) != std::string::npos) return number;
  ADD_FAILURE() << "no line has " << text;
  return 0;
}

void expect_golden(const std::string& file, const std::string& shown,
                   const MicrogptGolden& golden) {
  const LessonRun run =
      run_lesson_10({.words = lessons::read_words(file), .shown = shown, .steps = {}, .take = {}});
  ASSERT_EQ(run.losses.size(), 1000U);
  for (const auto& [step, loss] : golden.losses)
    EXPECT_NEAR(run.losses[static_cast<size_t>(step - 1)], loss, 1e-9) << step;
  EXPECT_EQ(run.made_up.at(1000), golden.names);
  EXPECT_EQ(run.made_up.at(0).size(), 5U);
  EXPECT_EQ(run.made_up.at(100).size(), 5U);
}

TEST(PlayOnePage, TheLossesAndNamesOfTheLesson) {
  expect_golden(GRADUS_SOURCE_DIR "/tests/microgpt_words.txt", "anna", golden_of_13_words());
}

TEST(PlayOnePage, TheLossesAndNamesOfKarpathy) {
  std::string path = GRADUS_SOURCE_DIR "/my/data/names/names.txt";
  if (!std::filesystem::exists(path)) path = GRADUS_SOURCE_DIR "/../shared/data/names/names.txt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no names: ./run download names";
  const MicrogptGolden golden = golden_of_names();
  EXPECT_EQ(golden.losses.size(), 1000U);
  expect_golden(path, "emma", golden);
}

/// The values of one snapshot, copied: the training goes on.
std::vector<Value> values_after(int64_t step, const std::string& word) {
  std::vector<Value> values;
  run_lesson_10({.words = lessons::make_words(),
                 .shown = word,
                 .steps = {step},
                 .take = [&](const Snapshot& snapshot) {
                   values = values_of(snapshot, source_of_lesson());
                   for (Value& value : values)
                     value.tensor = value.tensor.clone();
                 }});
  return values;
}

TEST(PlayOnePage, ValuesHaveTheLinesThatComputeThem) {
  const std::vector<Value> values = values_after(100, "kado");
  const std::map<std::string, std::string> lines = {
      {"embedding(wte, ids) + wpe.narrow(...)", "return rms_norm(embedding(wte, ids)"},
      {"rms_norm(x)", "const Tensor a = attention(rms_norm(x))"},
      {"heads(wk)", "scaled_dot_product_attention("},
      {"relu(linear(x, fc1))", "Tensor feed_forward("},
      {"logits", "return linear(x + a + f, lm_head)"},
      {"loss", "const Tensor loss = cross_entropy("},
      {"fc2", "fc2(matrix("}};
  for (const auto& line : lines) {
    const std::string name = line.first;  // clang 14 cannot capture a structured binding
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const Value& value) { return value.name == name; });
    ASSERT_NE(found, values.end()) << name;
    EXPECT_EQ(std::count(found->lines.begin(), found->lines.end(), line_with(line.second)), 1)
        << name;
    EXPECT_EQ(found->axes.size(), found->tensor.sizes().size()) << name;
  }
  EXPECT_EQ(value_named(values, "heads(wq)").sizes(), (Shape{4, 5, 4}));
  expect_error([&] { value_named(values, "heads(wx)"); }, "lesson 10: there is no value heads(wx)");
}

TEST(PlayOnePage, ValuesFollowFromEachOther) {
  const std::vector<Value> values = values_after(1000, "kado");
  const auto value = [&](const char* name) { return value_named(values, name); };
  const Tensor sum = value("embedding(wte, ids) + wpe.narrow(...)");
  EXPECT_TRUE(allclose(value("x"), sum * pow((sum * sum).mean(-1, true) + 1e-5, -0.5)));
  const Tensor stream = value("x") + value("a") + value("f");
  EXPECT_TRUE(allclose(value("logits"), linear(stream, value("lm_head"))));
  EXPECT_TRUE(allclose(value("loss"), cross_entropy(value("logits"), value("next"))));
  const Tensor weights = attention_weights(values);  // (H, T, T)
  EXPECT_TRUE(allclose(weights.sum(-1), ones({4, 5}, kFloat64)));
  EXPECT_EQ(weights.triu(1).sum().item<double>(), 0);
}

TEST(PlayOnePage, AnotherProgramIsAnError) {
  const auto with_source = [](const std::string& source) {
    return [source] {
      run_lesson_10(
          {.words = {"ab"}, .shown = "ab", .steps = {0}, .take = [&](const Snapshot& snapshot) {
             values_of(snapshot, source);
           }});
    };
  };
  expect_error(
      with_source("int main() {}"),
      "lesson 10: 'Tensor x = tensor(ids).narrow' is not in exactly one place of its source");
  expect_error(
      with_source(source_of_lesson() + source_of_lesson()),
      "lesson 10: 'Tensor x = tensor(ids).narrow' is not in exactly one place of its source");
}

TEST(PrincipalAxes, OfPointsOnALine) {
  const Tensor x = tensor({{1., 2., 0.}, {2., 4., 0.1}, {3., 6., -0.1}, {4., 8., 0.}}, kFloat64);
  const Tensor axes = principal_axes(x);
  EXPECT_TRUE(allclose(matmul(axes.transpose(0, 1), axes), eye(2, kFloat64), 1e-6, 1e-6));
  EXPECT_NEAR(axes[1][0].item<double>() / axes[0][0].item<double>(), 2, 0.01);
  const Tensor points = projected(x, axes);
  EXPECT_NEAR(points.mean().item<double>(), 0, 1e-9);
  EXPECT_NEAR((points[1] - points[0]).norm().item<double>(), std::sqrt(5), 0.01);
}

nlohmann::json report_json(PageOptions options) {
  options.source = source_of_lesson();
  return nlohmann::json::parse(report_of(options).json());
}

TEST(PlayOnePage, TheReport) {
  const auto report = report_json({});
  EXPECT_LT(report.dump().size(), 300'000U);
  const auto& panel = report["panels"][0];
  EXPECT_EQ(panel["losses"].size(), 1000U);
  const auto letters = panel["letters"].size();
  const auto tokens = panel["tokens"].size();
  EXPECT_EQ(panel["letters"].back(), "BOS");
  EXPECT_EQ(panel["tokens"][0], "BOS");
  std::vector<int64_t> steps;
  for (const auto& snapshot : panel["snapshots"]) {
    steps.push_back(snapshot["step"]);
    ASSERT_EQ(snapshot["values"].size(), panel["values"].size());
    ASSERT_EQ(snapshot["probabilities"].size(), tokens * letters);
    EXPECT_EQ(snapshot["map"].size(), 2 * letters);
    double sum = 0;
    for (size_t i = 0; i < letters; ++i)
      sum += snapshot["probabilities"][i].get<double>();
    EXPECT_NEAR(sum, 1, 1e-3);
    for (size_t i = 0; i < panel["values"].size(); ++i) {
      size_t size = 1;
      for (const size_t n : panel["values"][i]["shape"])
        size *= n;
      const auto& data = snapshot["values"][i];
      const size_t bytes = 2 * size;  // of packed integers, in base64
      if (data.is_array()) {
        EXPECT_EQ(data.size(), size) << panel["values"][i]["name"];
      } else {
        EXPECT_EQ(data["i16"].get<std::string>().size(), (bytes + 2) / 3 * 4);
      }
    }
  }
  EXPECT_EQ(steps, (std::vector<int64_t>{0, 10, 100, 300, 1000}));
  std::set<int> lines;
  for (const auto& value : panel["values"])
    for (const int line : value["lines"])
      lines.insert(line);
  const auto& stops = report["tour"];
  EXPECT_GE(stops.size(), 3U);
  EXPECT_LE(stops.size(), 5U);
  for (const auto& stop : stops) {
    EXPECT_TRUE(lines.count(std::stoi(stop["select"]["line"].get<std::string>()))) << stop;
    const int step = std::stoi(stop["select"]["step"].get<std::string>());
    EXPECT_TRUE(std::count(steps.begin(), steps.end(), step)) << stop;
  }
  // The source is the lesson's, with its line numbers.
  const int first = panel["source"]["first_line"];
  const std::string attention =
      panel["source"]["lines"]
           [static_cast<size_t>(line_with("= scaled_dot_product_attention(") - first)];
  EXPECT_NE(attention.find("= scaled_dot_product_attention("), std::string::npos);
}

// The sentences of the tour.

TEST(PlayOnePage, BeforeTheTrainingTheHeadsReadEvenly) {
  const Tensor weights = attention_weights(values_after(0, "kado"));  // (4, 5, 5)
  for (int64_t i = 0; i < 5; ++i) {
    const Tensor row = weights.select(1, i).narrow(1, 0, i + 1);
    EXPECT_LT(abs(row - 1.0 / static_cast<double>(i + 1)).amax().item<double>(), 0.1);
  }
}

TEST(PlayOnePage, AfterTheTrainingTheNamesFollowTheRule) {
  const auto report = report_json({});
  const auto& panel = report["panels"][0];
  const auto right = [&](size_t column) {
    const auto names = panel["names"][column]["names"].get<Words>();
    return std::count_if(names.begin(), names.end(), lessons::follows_the_rule);
  };
  EXPECT_EQ(right(0), 0);
  EXPECT_GE(right(2), 18);
  EXPECT_EQ(panel["names"][2]["note"],
            fmt::format("{} of 20 follow the rule of the list", right(2)));
  EXPECT_LT(panel["smoothed"][99], panel["baselines"][1]["loss"]);
  EXPECT_LT(panel["smoothed"][999], panel["baselines"][2]["loss"]);
}

/// For another list the tour gives the losses of its training.
TEST(PlayOnePage, TheTourOfAnotherListSpeaksOfThatList) {
  const auto report = report_json({.words = {"anna", "bob", "carla", "dora"}});
  const auto& panel = report["panels"][0];
  const auto say = [&](size_t stop) { return report["tour"][stop]["say"].get<std::string>(); };
  EXPECT_EQ(say(2).find("vowels"), std::string::npos);
  EXPECT_NE(say(2).find(fmt::format("{:.2f}", panel["smoothed"][99].get<double>())),
            std::string::npos);
  EXPECT_NE(say(3).find(fmt::format("{:.2f}", panel["smoothed"][999].get<double>())),
            std::string::npos);
  const auto own = report_json({});
  EXPECT_NE(own["tour"][2]["say"].get<std::string>().find("vowels"), std::string::npos);
}

TEST(PlayOnePage, After100StepsAVowelFollowsAConsonant) {
  const Words letters = report_json({.shown = "kado"})["panels"][0]["letters"].get<Words>();
  const Tensor p = softmax(value_named(values_after(100, "kado"), "logits"), -1);
  double vowels = 0;
  for (const std::string vowel : {"a", "e", "i", "o", "u"})
    for (size_t i = 0; i < letters.size(); ++i)
      if (letters[i] == vowel) vowels += p[1][static_cast<int64_t>(i)].item<double>();
  EXPECT_GT(vowels, 0.8);
}

TEST(PlayOnePage, OwnWords) {
  const auto report = report_json({.words = {"ab", "ba", "王"}, .origin = "a test", .seed = 1});
  const auto& panel = report["panels"][0];
  EXPECT_EQ(panel["words"], "a test: 3 words");
  EXPECT_EQ(panel["letters"].get<Words>(), (Words{"a", "b", "王", "BOS"}));
  EXPECT_EQ(panel["tokens"].get<Words>(), (Words{"BOS", "a", "b"}));
}

TEST(PlayOnePage, WordsThatCannotBeShown) {
  const auto refuse = [](PageOptions options, const std::string& sentence) {
    expect_error([&] { report_json(options); }, sentence);
  };
  refuse({.shown = "q!"},
         "encode: the character 'q' (U+0071) at byte 0 is not one of the 19 characters of the "
         "vocabulary");
  refuse({.words = {"a"}, .shown = std::string(16, 'a')},
         "'aaaaaaaaaaaaaaaa' has 16 letters, expected at most 15: the model sees 16 tokens, and "
         "one of them is the beginning of the word");
  refuse({.words = {std::string(20, 'a')}},
         "every word has more than 15 letters, which the model cannot see; expected one word a "
         "line");
  refuse({.words = Words(50'001, "a")}, "the list has 50001 words, expected at most 50000");
  Words many;
  for (int i = 0; i < 101; ++i)
    many.push_back({static_cast<char>(0xD0 + i / 64), static_cast<char>(0x80 + i % 64)});
  refuse({.words = many},
         "the words have 101 different letters, expected at most 100: the page shows a number for "
         "each of them everywhere");
}

#ifdef PLAY_PROGRAM
TEST(PlayOnePage, TheProgram) {
  const std::string program = PLAY_PROGRAM;
  const auto report = nlohmann::json::parse(output_of(program + " --json --word kado", 0));
  EXPECT_EQ(report["id"], "play_one_page");
  EXPECT_EQ(report["panels"][0]["word"], "kado");
  EXPECT_EQ(report["panels"][0]["reruns"], true);
  const std::string words = GRADUS_SOURCE_DIR "/tests/microgpt_words.txt";
  const auto of_file = nlohmann::json::parse(output_of(program + " --json --text " + words, 0));
  EXPECT_EQ(of_file["panels"][0]["words"], words + ": 13 words");
  EXPECT_EQ(of_file["panels"][0]["reruns"], false);
  const auto typed = nlohmann::json::parse(output_of(program + " --json --words 'ab\nba'", 0));
  EXPECT_EQ(typed["panels"][0]["words"], "your list: 2 words");
  const std::string page = temporary_path("one_page.html").string();
  EXPECT_EQ(output_of(program + " --page " + page, 0), page + "\n");
  EXPECT_GT(std::filesystem::file_size(page), 200'000U);
}

TEST(PlayOnePage, TheProgramRefuses) {
  const auto refuse = [](const std::string& arguments, const std::string& sentence) {
    const std::string text = output_of(std::string(PLAY_PROGRAM " --json ") + arguments, 1);
    EXPECT_NE(text.find(sentence), std::string::npos) << arguments << ": " << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  };
  refuse("--seed x", "--seed: expected an integer from 0 to");
  refuse("--seed", "--seed needs a value");
  refuse("--steps 3", "unknown option '--steps'");
  refuse("--words a --text b", "--words and --text cannot be given together");
  refuse("--text /nowhere/names", "/nowhere/names cannot be read: No such file or directory");
  refuse("--words ' '", "your list has no words, expected one word a line");
  refuse("--words \"$(printf 'a\\001')\"", "your list: line 1 is not text in UTF-8");
  refuse("--words ab --word abc", "is not one of the 2 characters of the vocabulary");
  refuse("--words \"$(yes abcdefghi | head -n 10001)\"", "--words has 100009 bytes");
}
#endif

}  // namespace
