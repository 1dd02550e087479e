// ./run exercise class: the answers of a class, with right, wrong and hostile ones among them.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <regex>
#include <thread>

#include "exercises/grader/class_results.h"
#include "exercises/grader/csv.h"
#include "exercises/grader/roster.h"
#include "tensor/error.h"
#include "tests/exercise_support.h"
#include "tests/name_of_test.h"

namespace exercise_class_test {
using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

namespace fs = std::filesystem;
using Row = std::vector<std::string>;

fs::path new_folder(const std::string& name) {
  const fs::path folder = fs::path(GRADUS_BUILD_DIR) / "tests" / "classes" / name_of_test() / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// CSV

TEST(Csv, WritesAndReadsEveryName) {
  const std::vector<Row> rows{{"17", "Müller, \"Ace\""},
                              {"", " outer spaces "},
                              {"two\nlines", "\"\"", ""},
                              {"plain", "李雷", "O'Brien"}};
  std::string text;
  for (const Row& row : rows)
    text += csv_row(row);
  EXPECT_EQ(first_line(text), "17,\"Müller, \"\"Ace\"\"\"\r");
  EXPECT_EQ(csv_rows(text), rows);
}

TEST(Csv, ReadsFilesOfOtherPrograms) {
  EXPECT_EQ(csv_rows("\xEF\xBB\xBFid,name\n1, \"b, c\"\n\n2,d"),
            (std::vector<Row>{{"id", "name"}, {"1", "b, c"}, {""}, {"2", "d"}}));
  EXPECT_EQ(csv_rows(""), std::vector<Row>{});
  EXPECT_THROW(csv_rows("a,\"b\n"), Error);
}

// The roster

/// "id|name|folder of the answers" for each student, then the notices.
std::vector<std::string> roster_of(const fs::path& folder, const std::string& text) {
  const fs::path file = folder.string() + ".csv";
  write_text(file, text);
  std::vector<std::string> lines;
  const Roster roster = students_of(folder, text.empty() ? fs::path() : file);
  for (const Student& s : roster.students)
    lines.push_back(s.id + "|" + s.name + "|" + s.answers.lexically_relative(folder).string());
  lines.insert(lines.end(), roster.notices.begin(), roster.notices.end());
  return lines;
}

TEST(Roster, IsOptional) {
  const fs::path folder = new_folder("without_roster");
  for (const char* name : {"Ben", "Ana/my", ".git"})
    fs::create_directories(folder / name);
  write_text(folder / "notes.txt", "");
  EXPECT_EQ(roster_of(folder, ""),
            (std::vector<std::string>{"|Ana|Ana/my", "|Ben|Ben",
                                      "notes.txt: a file that is in no student's folder"}));
}

TEST(Roster, HasNamesOrIds) {
  const fs::path folder = new_folder("rosters");
  for (const char* name : {"Ana", "17", "Lee, Bo", "Zoe"})
    fs::create_directories(folder / name);
  const std::vector<std::string> names{"|Ana|Ana",
                                       "|Lee, Bo|Lee, Bo",
                                       "|Dora|",
                                       "|17|17",
                                       "|Zoe|Zoe",
                                       "Dora: in the roster, but has no folder",
                                       "17: has a folder, but is not in the roster",
                                       "Zoe: has a folder, but is not in the roster"};
  EXPECT_EQ(roster_of(folder, "Name\r\nAna\r\nLee, Bo\r\n\r\n  Dora \r\n"), names);
  EXPECT_EQ(roster_of(folder, "Ana\n\"Lee, Bo\"\nDora"), names);
  EXPECT_EQ(roster_of(folder, "ID,Name\n16,Ana\n17,\"Cem, Can\"\n18,Zoe\n19,\"Lee, Bo\"\n"),
            (std::vector<std::string>{"16|Ana|Ana", "17|Cem, Can|17", "18|Zoe|Zoe",
                                      "19|Lee, Bo|Lee, Bo"}));
}

TEST(Roster, EqualNamesNeedIds) {
  const fs::path folder = new_folder("equal_names");
  for (const char* name : {"Ana", "2"})
    fs::create_directories(folder / name);
  EXPECT_EQ(roster_of(folder, "1,Ana\n2,Ana\n"),
            (std::vector<std::string>{"1|Ana|", "2|Ana|2", "|Ana|Ana",
                                      "1 Ana: this name is in the roster more than once; the "
                                      "folder must have the id as its name",
                                      "Ana: has a folder, but is not in the roster"}));
  EXPECT_THROW(roster_of(folder, "Ana\nAna\n"), Error);
  EXPECT_THROW(roster_of(folder, "name\n"), Error);
  EXPECT_THROW(students_of(folder / "nothing", ""), Error);
  EXPECT_THROW(students_of(folder / "Ana", ""), Error);  // it has no folders
}

// The table

TEST(ClassTable, FitsIntoTheTerminal) {
  ClassResults all{.students = {{"", "A student with a name of more than twenty letters", ""},
                                {"", "Bo\033[2J", ""}},
                   .exercises = all_exercises().all(),
                   .results = {}};
  all.results.resize(2 * all.exercises.size(), {.verdict = "right"});
  all.results[1].verdict = kMissing;
  for (const int width : {60, 80, 200}) {
    const std::string text = class_table(all, width, terminal::Depth::plain);
    for (const std::string& line : lines_of(text))
      EXPECT_LE(terminal::columns(line), width) << line;
    EXPECT_EQ(text.find('\033'), std::string::npos);
    EXPECT_NE(text.find(" ok"), std::string::npos);
    EXPECT_NE(text.find(". no answer"), std::string::npos);
    EXPECT_EQ(text.find("stopped"), std::string::npos);  // the legend has only what occurs
  }
}

// Grading

std::string answer(const std::string& exercise, const std::string& head, const std::string& body) {
  return "#include <unistd.h>\n#include <csignal>\n#include <fstream>\n#include <stdexcept>\n" +
         include_of(exercise) + "namespace mine {\nTensor " + exercise + head + " {\n" + body +
         "\n}\n}\n";
}
std::string softmax(const std::string& body) {
  return answer("softmax", "(const Tensor& x)", body);
}
std::string rms_norm(const std::string& body) {
  return answer("rms_norm", "(const Tensor& x, const Tensor& weight, double eps)", body);
}
std::string solution(const std::string& exercise) {
  const Exercises exercises = all_exercises();
  return read_text(exercises.solution(exercises.find(exercise)));
}
/// The solution, as it was written when the exercise had another number.
std::string earlier_solution(const std::string& exercise) {
  std::string text = solution(exercise);
  const std::string path = path_of(exercise);
  text.replace(text.find(path), path.size(), "lessons/exercises/01_" + exercise + "/");
  return text;
}

/// Path, time and text of every file.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    files[entry.path().string()] =
        std::to_string(entry.last_write_time().time_since_epoch().count()) +
        (entry.is_regular_file() ? read_text(entry.path()) : "");
  return files;
}

/// The status of the program, and what it printed.
std::pair<int, std::string> grade(const fs::path& folder, const std::string& options) {
  const fs::path output = folder.string() + ".txt";
  const std::string command = "'" EXERCISE_GRADER "' class '" + folder.string() + "' --csv '" +
                              folder.string() + ".results.csv' " + options + " >'" +
                              output.string() + "' 2>&1";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(output)};
}

/// "name,exercise" -> the row without them and without the seconds.
std::map<std::string, Row> results_in(const fs::path& csv) {
  std::map<std::string, Row> results;
  for (const Row& row : csv_rows(read_text(csv))) {
    EXPECT_EQ(row.size(), 9u);
    results[row.at(1) + "," + row.at(2)] = {row.at(3), row.at(4), row.at(5), row.at(6), row.at(8)};
  }
  return results;
}

const std::string kAna = "Ana \"Ace\" Müller, Jr.";

fs::path new_class() {
  const fs::path folder = new_folder("class");
  const auto hand_in = [&](const std::string& file, const std::string& text) {
    write_text(folder / file, text);
  };
  hand_in(kAna + "/softmax.cpp", earlier_solution("softmax"));
  hand_in(kAna + "/rms_norm.cpp", "");
  hand_in("2/my/softmax.cpp", earlier_solution("softmax"));
  hand_in("2/my/rms_norm.cpp", rms_norm("return x * weight"));
  hand_in("2/my/progress.txt", "");
  hand_in("Cem/softmax.cpp", softmax("return exp(x) / exp(x).sum(-1, true);"));
  hand_in("Cem/sofmax.cpp", "");
  hand_in("Cem/rms_norm.cpp", rms_norm("for (volatile int i = 0;;) i = i + 1;"));
  hand_in("Dora/softmax.cpp", read_text(all_exercises().stub(all_exercises().find("softmax"))));
  fs::create_symlink(all_exercises().solution(all_exercises().find("rms_norm")),
                     folder / "Dora/rms_norm.cpp");
  hand_in(
      "Eve/softmax.cpp",
      softmax("std::ofstream(__FILE__) << 1; throw std::runtime_error(\"=1+1\\n=2\\033[2J\");"));
  hand_in("Eve/rms_norm.cpp", rms_norm("kill(getppid(), SIGKILL); pause(); return x;"));
  hand_in("notes.txt", "");
  return folder;
}

TEST(Class, EveryAnswerGetsItsVerdict) {
  const fs::path folder = new_class();
  std::string roster = csv_row({"id", "name"});
  for (const Row& row :
       std::vector<Row>{{"1", kAna}, {"2", "Bo Lee"}, {"3", "Cem"}, {"4", "Dora"}, {"6", "Zoë"}})
    roster += csv_row(row);
  write_text(folder.string() + ".csv", roster);
  const auto before = files_in(folder);
  const auto [status, printed] =
      grade(folder, "--only rms_norm,softmax --roster '" + folder.string() + ".csv'");
  EXPECT_EQ(status, 0) << printed;
  EXPECT_EQ(files_in(folder), before);
  const auto results = results_in(folder.string() + ".results.csv");
  ASSERT_EQ(results.size(), 1 + 2 * 6) << printed;

  const auto expect = [&](const std::string& of, const std::string& verdict,
                          const std::string& problem) {
    const Row& row = results.at(of);
    EXPECT_EQ(row.at(0), verdict) << of << ": " << row.at(3);
    EXPECT_TRUE(row.at(3).starts_with(problem)) << of << ": " << row.at(3);
    EXPECT_EQ(row.at(3).find_first_of("\n\033"), std::string::npos) << of;
    EXPECT_EQ(row.at(1) == row.at(2), verdict == "right") << of;
    EXPECT_GT(std::stoi(row.at(2)), 3) << of;
  };
  expect(kAna + ",softmax", "right", "the same text as " + path_of("softmax") + "solution.cpp");
  expect(kAna + ",rms_norm", "does not compile", "rms_norm.cpp:1: mine::rms_norm");
  expect("Bo Lee,softmax", "right", "");
  expect("Bo Lee,rms_norm", "does not compile", "rms_norm.cpp:8: a semicolon is missing");
  expect("Cem,softmax", "wrong", "numerics.");
  expect("Cem,rms_norm", "stopped", "shape.keeps_the_shape_of_x: it was stopped after 5 s");
  expect("Dora,softmax", "to do", "shape.");
  expect("Dora,rms_norm", "wrong", "rms_norm.cpp includes " + path_of("rms_norm"));
  expect("Eve,softmax", "wrong", "shape.");
  expect("Eve,rms_norm", "stopped", "it stopped the process that watches it");
  expect("Zoë,softmax", "missing", "there is no folder");
  EXPECT_EQ(results.at(kAna + ",softmax").at(4), results.at("Bo Lee,softmax").at(4));
  EXPECT_EQ(results.at("Bo Lee,softmax").at(4).size(), 64u);

  for (const char* said :
       {"Zoë: in the roster, but has no folder", "Eve: has a folder, but is not in the roster",
        "Cem: sofmax.cpp is not graded: no exercise has this name",
        "notes.txt: a file that is in no student's folder", ".results.csv: 12 rows"})
    EXPECT_NE(printed.find(said), std::string::npos) << said << "\n" << printed;
  EXPECT_EQ(printed.find("progress.txt"), std::string::npos);
}

TEST(Class, AFileOfSomebodyElseIsNotReplaced) {
  const fs::path folder = new_folder("csv_is_taken");
  fs::create_directories(folder / "Ana");
  const fs::path csv = folder.string() + ".results.csv";
  fs::remove(csv);
  EXPECT_EQ(grade(folder, "--only softmax").first, 0);
  EXPECT_EQ(grade(folder, "--only softmax").first, 0);  // its own results
  write_text(csv, "my table\n");
  const auto [status, printed] = grade(folder, "--only softmax");
  EXPECT_EQ(status, 4);
  EXPECT_NE(printed.find("choose another name with --csv"), std::string::npos) << printed;
  EXPECT_EQ(read_text(csv), "my table\n");
}

TEST(Class, ControlCLeavesWhatIsGraded) {
  const fs::path folder = new_folder("interrupted");
  const size_t students = 40;
  for (size_t i = 0; i < students; ++i)
    write_text(folder / std::to_string(i) / "softmax.cpp", solution("softmax"));
  const fs::path csv = folder.string() + ".results.csv";
  fs::remove(csv);
  const pid_t child = fork();
  if (child == 0) {
    execl(EXERCISE_GRADER, EXERCISE_GRADER, "class", folder.c_str(), "--csv", csv.c_str(), "--only",
          "softmax", nullptr);
    _exit(99);
  }
  const auto rows = [&] { return fs::exists(csv) ? csv_rows(read_text(csv)).size() : 0; };
  for (int i = 0; i < 1200 && rows() < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
  const auto results = results_in(csv);
  EXPECT_GE(results.size(), 2u);
  EXPECT_LT(results.size(), 1 + students);
  for (const auto& [of, row] : results)
    EXPECT_TRUE(row.at(0) == "right" || of == "name,exercise") << of << " " << row.at(0);
  EXPECT_FALSE(fs::exists(csv.string() + ".new"));
}

// docs/course.md

TEST(CoursePage, HasTheExercisesAsTheirReadmesSay) {
  const std::string page = read_text(GRADUS_SOURCE_DIR "/docs/course.md");
  const std::regex follows("\\*\\*Follows\\*\\* lesson (\\d\\d)");
  const std::regex takes("\\*\\*Takes\\*\\*\\s+about\\s+(\\d+ minutes|an\\s+hour)");
  const Exercises exercises = all_exercises();
  for (const Exercise& e : exercises.all()) {
    const std::string readme = read_text(exercises.source / e.folder / "README.md");
    std::smatch lesson;
    std::smatch time;
    ASSERT_TRUE(std::regex_search(readme, lesson, follows)) << e.folder;
    ASSERT_TRUE(std::regex_search(readme, time, takes)) << e.folder;
    const std::string minutes = time[1].str().starts_with("an") ? "60" : time[1].str().substr(0, 2);
    const std::string row =
        fmt::format("\n| {} | `{}` | {} | {} |", e.number(), e.name(), lesson[1].str(), minutes);
    EXPECT_NE(page.find(row), std::string::npos) << row;
    const size_t of_lesson = page.find("\n| " + lesson[1].str() + " |");
    const std::string line = page.substr(of_lesson, page.find('\n', of_lesson + 1) - of_lesson);
    EXPECT_NE(line.find("`" + e.name() + "`"), std::string::npos) << e.name() << line;
  }
}

}  // namespace
}  // namespace exercise_class_test
#endif
