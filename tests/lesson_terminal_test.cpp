// Lessons in a pseudo-terminal: screens, prompts, questions, Ctrl-C.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "terminal/terminal.h"
#include "tests/temporary.h"

#ifdef LESSONS_DIR
namespace lesson_terminal_test {
namespace {

struct Window {
  unsigned short rows, columns;
};
struct Session {
  std::string output;
  std::vector<std::string> screens;  // from one prompt to the end of the next
  int status = -1;                   // the wait status
};
/// What to type after a screen that ends with a prompt.
using Reader = std::function<std::string(const std::string& screen, Session& session)>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

bool ends_with_prompt(const std::string& output) {
  return output.ends_with("(q: leave) ") || output.ends_with("show me): ");
}

class Terminal {
 public:
  explicit Terminal(Window window) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    usable = master_ >= 0 && grantpt(master_) == 0 && unlockpt(master_) == 0 &&
             ptsname(master_) != nullptr;
    resize(window);
  }
  ~Terminal() {
    if (master_ >= 0) close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void resize(Window window) const {
    const winsize size{window.rows, window.columns, 0, 0};
    ioctl(master_, TIOCSWINSZ, &size);
  }
  void type(const std::string& text) const {
    EXPECT_EQ(write(master_, text.data(), text.size()), std::ssize(text));
  }

  /// Runs a lesson to its end. After `interrupted_at` was printed, if given, it types some keys and
  /// Ctrl-C.
  Session run(const std::string& lesson, std::vector<std::string> options, const Reader& reader,
              std::string interrupted_at = "") {
    const std::string program = LESSONS_DIR "/lesson_" + lesson;
    const pid_t child = fork();
    if (child == 0) {
      setsid();
      const int terminal = open(ptsname(master_), O_RDWR);
      ioctl(terminal, TIOCSCTTY, 0);  // Ctrl-C is for this program
      for (const int fd : {0, 1, 2})
        dup2(terminal, fd);
      close(master_);
      std::vector<char*> arguments;
      options.insert(options.begin(), {program, "--color=never"});
      for (std::string& option : options)
        arguments.push_back(option.data());
      arguments.push_back(nullptr);
      setenv("TERM", "dumb", 1);  // no prompt is erased
      execv(program.c_str(), arguments.data());
      _exit(99);
    }
    Session session;
    std::string screen;
    char buffer[4096];
    for (ssize_t got; (got = read(master_, buffer, sizeof buffer)) > 0;) {
      screen.append(buffer, static_cast<size_t>(got));
      session.output.append(buffer, static_cast<size_t>(got));
      if (!interrupted_at.empty() && contains(session.output, interrupted_at)) {
        interrupted_at.clear();
        type("\n\n\n\x03");
      }
      if (!ends_with_prompt(screen)) continue;
      session.screens.push_back(screen);
      screen.clear();
      type(reader(session.screens.back(), session));
    }
    session.screens.push_back(screen);
    waitpid(child, &session.status, 0);
    return session;
  }

  bool usable = false;

 private:
  const int master_;
};

#define TERMINAL_OR_SKIP(name, ...) \
  Terminal name(__VA_ARGS__);       \
  if (!name.usable) GTEST_SKIP() << "this system has no pseudo-terminals"

std::string press_enter(const std::string&, Session&) { return "\n"; }

/// The rows of the window that the screen takes; what was typed is at its start. A line that is
/// redrawn after a \r takes as many rows as its widest text.
int rows_of(const std::string& screen, int columns) {
  int rows = 0;
  int widest = 0;
  std::string line;
  const auto end_text = [&] {
    widest = std::max(widest, gradus::terminal::columns(line));
    line.clear();
  };
  const auto end_line = [&] {
    end_text();
    rows += 1 + std::max(0, widest - 1) / columns;
    widest = 0;
  };
  const size_t start = screen.starts_with("\r\n") ? 2 : 0;
  for (const char c : screen.substr(start)) {
    if (c == '\n')
      end_line();
    else if (c == '\r')
      end_text();
    else
      line += c;
  }
  if (!line.empty()) end_line();
  return rows;
}

TEST(LessonTerminal, NoScreenIsLongerThanTheWindow) {
  for (const Window window : {Window{30, 100}, {24, 80}, {20, 60}})
    for (const char* lesson : {"01", "02", "03", "04", "05", "06", "07", "08"}) {
      TERMINAL_OR_SKIP(terminal, window);
      const Session session = terminal.run(lesson, {"--step", "--code", "--quick"}, press_enter);
      EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 0)
          << lesson << session.output;
      EXPECT_GT(session.screens.size(), 10U) << lesson;
      for (const std::string& screen : session.screens)
        EXPECT_LE(rows_of(screen, window.columns), window.rows)
            << "lesson " << lesson << ", " << window.columns << "x" << window.rows << "\n"
            << screen;
    }
}

// Bars, evaluations and pages after training; after a few steps nothing is said to be learned.
TEST(LessonTerminal, TrainingFitsTheWindowAndQuickClaimsNothing) {
  const Window window{20, 60};
  for (const std::string lesson : {"09", "10", "11", "12", "14"}) {
    if (!std::filesystem::exists(LESSONS_DIR "/lesson_" + lesson))
      continue;  // a build without gpt/
    TERMINAL_OR_SKIP(terminal, window);
    const Session session = terminal.run(lesson, {"--step", "--quick"}, press_enter);
    EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 0)
        << lesson << session.output;
    for (const std::string& screen : session.screens)
      EXPECT_LE(rows_of(screen, window.columns), window.rows) << "lesson " << lesson << "\n"
                                                              << screen;
    for (const char* claim : {"at least 98%", "at least 95%", "give the right answer",
                              "trained to align", "knows only this batch", "below 10"})
      EXPECT_FALSE(contains(session.output, claim)) << lesson << ": " << claim;
  }
}

TEST(LessonTerminal, CtrlCDuringTrainingLeavesTheLesson) {
  if (!std::filesystem::exists(LESSONS_DIR "/lesson_12")) GTEST_SKIP() << "without gpt/";
  TERMINAL_OR_SKIP(terminal, {30, 100});
  const Session session = terminal.run(
      "12", {"--step", "--from=3"}, [](const std::string&, Session&) { return "\n"; },
      "one batch: 200 steps");
  EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 130) << session.output;
  EXPECT_TRUE(contains(session.output, "one batch: stopped after")) << session.output;
  EXPECT_FALSE(contains(session.output, "The loss fell")) << session.output;
  EXPECT_FALSE(contains(session.output, "\r\n\r\n\r\n")) << "keys were shown during the training";
}

TEST(LessonTerminal, AResizedWindowIsRespectedFromTheNextScreenOn) {
  TERMINAL_OR_SKIP(terminal, {40, 100});
  const Session session =
      terminal.run("06", {"--step"}, [&](const std::string&, Session& so_far) -> std::string {
        if (so_far.screens.size() == 3) terminal.resize({20, 60});
        return so_far.screens.size() < 12 ? "\n" : "q\n";
      });
  ASSERT_EQ(session.screens.size(), 13U);
  bool was_long = false;
  for (size_t i = 0; i < 12; ++i) {
    was_long = was_long || rows_of(session.screens[i], 100) > 20;
    if (i >= 4) {
      EXPECT_LE(rows_of(session.screens[i], 60), 20) << session.screens[i];
    }
  }
  EXPECT_TRUE(was_long) << "the larger window was not used";
}

TEST(LessonTerminal, KeysTypedBeforeThePromptAreDropped) {
  TERMINAL_OR_SKIP(terminal, {24, 80});
  terminal.type("\n\n\n\n");
  const Session session = terminal.run("04", {"--step"}, [](const std::string&, Session& so_far) {
    return so_far.screens.size() == 1 ? std::string("q\n") : "\n";
  });
  EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 0);
  EXPECT_EQ(session.screens.size(), 2U) << session.output;
}

TEST(LessonTerminal, TheSpaceBarTurnsThePage) {
  TERMINAL_OR_SKIP(terminal, {24, 80});
  const Session session = terminal.run("04", {"--step"}, [](const std::string&, Session& so_far) {
    return so_far.screens.size() < 4 ? std::string(" ") : "q";
  });
  EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 0) << session.output;
  EXPECT_EQ(session.screens.size(), 5U) << session.output;
  EXPECT_TRUE(contains(session.output, "A sentence as a table")) << session.output;
}

TEST(LessonTerminal, StepsAndQuestions) {
  TERMINAL_OR_SKIP(terminal, {30, 100});
  bool asked = false;
  const Session session =
      terminal.run("04", {"--step"}, [&](const std::string& screen, Session&) -> std::string {
        if (asked) return "q\n";
        asked = screen.ends_with("show me): ");
        return asked ? "1\n" : "\n";
      });
  EXPECT_TRUE(WIFEXITED(session.status) && WEXITSTATUS(session.status) == 0) << session.output;
  EXPECT_TRUE(contains(session.output, "You said: Your. The answer is: journey."))
      << session.output;
  EXPECT_TRUE(contains(session.output, "4 of 4 checked steps")) << session.output;
}

TEST(LessonTerminal, CtrlCAndEndOfInputLeaveCleanly) {
  TERMINAL_OR_SKIP(terminal, {30, 100});
  const Session interrupted =
      terminal.run("04", {"--step"}, [](const std::string&, Session&) { return "\x03"; });
  EXPECT_TRUE(WIFEXITED(interrupted.status) && WEXITSTATUS(interrupted.status) == 130)
      << interrupted.output;
  TERMINAL_OR_SKIP(other, {60, 100});
  const Session ended =
      other.run("04", {"--step"}, [](const std::string&, Session&) { return "\x04"; });
  EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0) << ended.output;
  EXPECT_TRUE(contains(ended.output, "1 of 1 checked steps")) << ended.output;
}

TEST(LessonTerminal, RemembersWhereTheReaderStopped) {
  const std::string folder = gradus::temporary_path("course").string();
  std::filesystem::remove_all(folder);
  setenv("GRADUS_COURSE", folder.c_str(), 1);
  const auto bookmark = [&] {
    std::string line;
    std::ifstream file(folder + "/04");
    std::getline(file, line);
    return line;
  };
  {
    TERMINAL_OR_SKIP(terminal, {60, 100});
    terminal.run("04", {"--step"}, [](const std::string& screen, Session&) -> std::string {
      return contains(screen, "space: step 4") ? "\x03" : "\n";
    });
    EXPECT_EQ(bookmark(), "reading 3 -");
  }
  {
    TERMINAL_OR_SKIP(terminal, {60, 100});
    const Session session =
        terminal.run("04", {"--step", "--from=3"},
                     [](const std::string&, Session&) -> std::string { return "q\n"; });
    EXPECT_TRUE(contains(session.output, "divide by the sum")) << session.output;
    EXPECT_FALSE(contains(session.output, "A sentence as a table")) << session.output;
    EXPECT_EQ(bookmark(), "reading 3 -");
  }
  {
    TERMINAL_OR_SKIP(terminal, {60, 100});
    terminal.run("04", {}, press_enter);
    EXPECT_EQ(bookmark().substr(0, 5), "done ");
    EXPECT_NE(bookmark().back(), '-');
  }
  {
    // --quick marks a lesson that was not read yet, and changes no other mark.
    TERMINAL_OR_SKIP(terminal, {60, 100});
    terminal.run("04", {"--quick"}, press_enter);
    EXPECT_EQ(bookmark().substr(0, 5), "done ");
    terminal.run("09", {"--quick"}, press_enter);
    std::string line;
    std::ifstream file(folder + "/09");
    std::getline(file, line);
    EXPECT_EQ(line.substr(0, 6), "quick ");
  }
  unsetenv("GRADUS_COURSE");
}

}  // namespace
}  // namespace lesson_terminal_test
#endif
