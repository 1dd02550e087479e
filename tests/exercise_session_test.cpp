// The exercises in a terminal: a learner opens them, saves, asks, passes, goes on, and leaves at
// any moment.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <thread>

#include "exercises/grader/exercise.h"
#include "tests/name_of_test.h"

namespace exercise_session_test {
using namespace gradus;
using namespace gradus::grader;
namespace fs = std::filesystem;

namespace {

bool has_terminals() {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return false;
  const bool usable = grantpt(master) == 0 && unlockpt(master) == 0 && ptsname(master) != nullptr;
  close(master);
  return usable;
}

constexpr winsize k80x24{24, 80, 0, 0}, k60x20{20, 60, 0, 0};

/// The grader in a pseudo-terminal, and someone who types.
class Session {
 public:
  Session(const fs::path& answers, const char* term, std::vector<std::string> more = {},
          const winsize& size = k80x24) {
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master_), unlockpt(master_);
    terminal_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    ioctl(master_, TIOCSWINSZ, &size);
    tcgetattr(terminal_, &before_);
    std::vector<std::string> command{EXERCISE_GRADER, "--answers", answers.string()};
    command.insert(command.end(), more.begin(), more.end());
    std::vector<char*> words;
    for (std::string& word : command)
      words.push_back(word.data());
    words.push_back(nullptr);
    const std::string name = ptsname(master_);
    child_ = fork();
    if (child_ == 0) {
      setsid();
      const int terminal = open(name.c_str(), O_RDWR);
      ioctl(terminal, TIOCSCTTY, 0);  // Ctrl-C is for this program
      for (const int fd : {0, 1, 2})
        dup2(terminal, fd);
      setenv("TERM", term, 1);
      unsetenv("NO_COLOR"), unsetenv("FORCE_COLOR"), unsetenv("COLORTERM");
      execv(words[0], words.data());
      _exit(99);
    }
  }
  ~Session() {
    if (child_ > 0) kill(child_, SIGKILL), waitpid(child_, nullptr, 0);
    close(master_), close(terminal_);
  }
  Session(const Session&) = delete;

  /// Waits until `text` was printed, in whatever colours, after what was waited for before.
  bool wait_for(const std::string& text, double seconds = 60) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
      const std::string words = std::regex_replace(output, std::regex("\033\\[\\d*m"), "");
      if (const size_t at = words.find(text, seen_); at != words.npos) {
        seen_ = at + text.size();
        return true;
      }
      read_some();
    }
    return false;
  }
  /// Waits until the program reads single keys.
  bool wait_until_raw(double seconds = 60) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!is_raw() && std::chrono::steady_clock::now() < end)
      read_some();
    return is_raw();
  }
  void type(const std::string& keys) {
    ASSERT_EQ(write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void resize(const winsize& size) const { ioctl(master_, TIOCSWINSZ, &size); }
  /// Waits for the end; the wait status.
  int end() {
    int status = 0;
    for (int i = 0; i < 3000 && child_ > 0; ++i) {
      read_some();
      if (waitpid(child_, &status, WNOHANG) == child_) child_ = -1;
    }
    return child_ > 0 ? -1 : status;
  }
  /// Whether the terminal echoes and collects lines, as before.
  bool is_sane() const {
    termios now{};
    tcgetattr(terminal_, &now);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag;
  }
  bool is_raw() const {
    termios now{};
    tcgetattr(terminal_, &now);
    return (now.c_lflag & ICANON) == 0;
  }
  std::string output;

 private:
  void read_some() {
    pollfd from{master_, POLLIN, 0};
    char buffer[4096];
    if (poll(&from, 1, 20) <= 0) return;
    const ssize_t got = read(master_, buffer, sizeof buffer);
    if (got > 0) output.append(buffer, static_cast<size_t>(got));
  }
  int master_ = -1, terminal_ = -1;
  pid_t child_ = -1;
  size_t seen_ = 0;
  termios before_{};
};

/// The most lines and columns between two clearings of the screen.
std::pair<size_t, size_t> largest_page(const std::string& output) {
  size_t rows = 0;
  size_t columns = 0;
  size_t row = 0;
  size_t column = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    if (output[i] == '\033') {
      const size_t end = output.find_first_of("HJm", i);
      if (end == output.npos) break;
      if (output[end] == 'J') row = column = 0;
      i = end;
    } else if (output[i] == '\n') {
      rows = std::max(rows, ++row);
      column = 0;
    } else if (output[i] != '\r') {
      columns = std::max(columns, ++column);
    }
  }
  return {rows, columns};
}

/// Exercises with an empty folder of answers, for a learner who is at softmax.
Exercises scratch(const std::string& name) {
  const fs::path root = GRADUS_SOURCE_DIR "/exercises";
  const Exercises exercises{root, GRADUS_BUILD_DIR,
                            fs::path(GRADUS_BUILD_DIR) / "answers" / name_of_test() / name};
  fs::remove_all(exercises.mine);
  write_text(exercises.mine / "progress.txt", "current softmax\n");
  return exercises;
}

/// The number of checks of an exercise.
size_t checks_of(const Exercises& exercises, const Exercise& exercise) {
  const std::string source = read_text(exercises.source / exercise.folder / "checks.cpp");
  static const std::regex test("\nTEST\\(");
  return static_cast<size_t>(
      std::distance(std::sregex_iterator(source.begin(), source.end(), test), {}));
}

void a_learner_passes(const std::string& folder, const char* term, std::vector<std::string> more,
                      bool colour) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const Exercises exercises = scratch(folder);
  const Exercise first = exercises.find("softmax");
  const Exercise second = exercises.find("log_sum_exp");
  const auto save = [&](const fs::path& answer) {
    write_text(exercises.answer(first), read_text(answer));
  };
  {
    Session session(exercises.mine, term, more);
    ASSERT_TRUE(session.wait_for("to do: softmax: forward")) << session.output;
    ASSERT_TRUE(session.wait_for("Softmax turns scores")) << session.output;
    ASSERT_TRUE(session.wait_for("y[c] = exp(x[c])")) << session.output;
    EXPECT_TRUE(session.is_raw());
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    session.type("t");
    ASSERT_TRUE(session.wait_for("Build it from exp")) << session.output;
    save(exercises.source / first.folder / "mutants" / "divided_by_the_mean.cpp");
    ASSERT_TRUE(session.wait_for("forward.one_to_three_to_six")) << session.output;
    ASSERT_TRUE(session.wait_for("a factor n = 3 too")) << session.output;
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    session.type("h");
    ASSERT_TRUE(session.wait_for("hint 1 of 3   h: the next one")) << session.output;
    session.type("h");
    ASSERT_TRUE(session.wait_for("hint 2 of 3")) << session.output;
    session.type("h");
    ASSERT_TRUE(session.wait_for("hint 3 of 3   h: the first one again")) << session.output;
    session.type("h");
    ASSERT_TRUE(session.wait_for("hint 1 of 3")) << session.output;
    write_text(exercises.answer(first), "this does not compile\n");
    ASSERT_TRUE(session.wait_for("softmax.cpp:1: ")) << session.output;
    save(exercises.solution(first));
    const std::string checks = std::to_string(checks_of(exercises, first));
    ASSERT_TRUE(session.wait_for("all " + checks + " checks passed")) << session.output;
    ASSERT_TRUE(session.wait_for("Next: ./run exercise log_sum_exp")) << session.output;
    ASSERT_TRUE(std::string(term) == "dumb" || session.wait_for("space: next"));
    session.type(" ");
    ASSERT_TRUE(session.wait_for("one solution")) << session.output;
    ASSERT_TRUE(session.wait_for("return e / e.sum")) << session.output;
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    session.type("l");
    ASSERT_TRUE(session.wait_for("right  3 hints")) << session.output;
    ASSERT_TRUE(std::string(term) == "dumb" || session.wait_for("page 1 of 2   space: next"));
    session.type("n");
    ASSERT_TRUE(session.wait_for("to do: " + second.name())) << session.output;
    session.type("q");
    const int status = session.end();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_TRUE(session.is_sane());
    EXPECT_EQ(session.output.find('\033') != std::string::npos,
              colour || std::string(term) != "dumb");
    EXPECT_EQ(session.output.find("\033[3") != std::string::npos, colour);
    const auto [rows, columns] = largest_page(session.output);
    EXPECT_LE(columns, 80u);
    if (std::string(term) != "dumb") {
      EXPECT_LE(rows, 23u);  // and the line of the cursor
    }
  }
  Session again(exercises.mine, term, more);
  EXPECT_TRUE(again.wait_for(second.number() + " " + second.name())) << again.output;
  EXPECT_TRUE(again.wait_for("to do: " + second.name())) << again.output;
  again.type("xx");
  EXPECT_TRUE(again.wait_for("Press x once more")) << again.output;
  again.type("\x04");
  EXPECT_TRUE(WIFEXITED(again.end()));
}

TEST(Session, InColour) { a_learner_passes("colour", "xterm-256color", {}, true); }
TEST(Session, WithoutColour) {
  a_learner_passes("plain", "xterm-256color", {"--color=never"}, false);
}
TEST(Session, OnADumbTerminal) { a_learner_passes("dumb", "dumb", {}, false); }

/// The text after the last clearing of the screen.
std::string last_page(const std::string& output) {
  const std::string clear = "\033[2J";
  const size_t start = output.rfind(clear);
  return start == std::string::npos ? output : output.substr(start + clear.size());
}

TEST(Session, EveryLineOfAVerdictIsOnAPage) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const Exercises exercises = scratch("pages");
  const Exercise first = exercises.find("softmax");
  constexpr int kLines = 50;
  std::string message;
  for (int i = 1; i <= kLines; ++i)
    message += "\\n  the line number " + std::to_string(i) + " of the message";
  write_text(exercises.answer(first),
             "#include \"exercises/" + first.folder +
                 "/softmax.h\"\nnamespace mine {\nTensor softmax(const Tensor& x) {\n"
                 "  throw Error(\"softmax: too long" +
                 message + "\");\n}\n}\n");
  for (const winsize& size : {k60x20, k80x24}) {
    Session session(exercises.mine, "xterm-256color", {}, size);
    ASSERT_TRUE(session.wait_for("softmax: too long")) << session.output;
    ASSERT_TRUE(session.wait_for("space: next   b: back")) << session.output;
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    int shown = 0;
    while (shown < kLines) {
      const std::string page = last_page(session.output);
      const int before = shown;
      while (page.find("the line number " + std::to_string(shown + 1) + " of") != page.npos)
        ++shown;
      ASSERT_GT(shown, before) << "a page without the next line: " << page;
      if (shown == kLines) break;
      session.type(" ");
      ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    }
    // a hint gets a page of its own; b leads back to the verdict
    session.type("h");
    ASSERT_TRUE(session.wait_for("hint 1 of 3")) << session.output;
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    session.type("b");
    ASSERT_TRUE(session.wait_for("the line number 50")) << session.output;
    ASSERT_TRUE(session.wait_for("q quit")) << session.output;
    session.type("q");
    session.end();
    const auto [rows, columns] = largest_page(session.output);
    EXPECT_LT(rows, size.ws_row);
    EXPECT_LE(columns, size.ws_col);
  }
}

TEST(Session, TheScreenFollowsTheWindow) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  Session session(scratch("resized").mine, "xterm-256color");
  ASSERT_TRUE(session.wait_for("to do: softmax: forward")) << session.output;
  ASSERT_TRUE(session.wait_for("q quit")) << session.output;
  const size_t before = session.output.size();
  session.resize(k60x20);
  ASSERT_TRUE(session.wait_for("q quit")) << session.output;
  const auto [rows, columns] = largest_page(session.output.substr(before));
  EXPECT_LT(rows, 20u);
  EXPECT_LE(columns, 60u);
  EXPECT_GT(columns, 40u);
}

TEST(Session, HelpFitsTheWindow) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  Session session(scratch("help").mine, "xterm-256color", {"--help"}, k60x20);
  ASSERT_TRUE(session.wait_for("Subcommands")) << session.output;
  session.end();
  EXPECT_LE(largest_page(session.output).second, 60u) << session.output;
}

TEST(Session, ANameIsWatchedToo) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const Exercises exercises = scratch("by_name");
  {
    Session session(exercises.mine, "xterm-256color", {"rope"});
    ASSERT_TRUE(session.wait_for("to do: rope")) << session.output;
    EXPECT_TRUE(session.is_raw());
    session.type("q");
    EXPECT_TRUE(WIFEXITED(session.end()));
  }
  EXPECT_NE(read_text(exercises.mine / "progress.txt").find("current rope"), std::string::npos);
  Session once(exercises.mine, "xterm-256color", {"rope", "--once"});
  EXPECT_TRUE(once.wait_for("to do: rope")) << once.output;
  const int status = once.end();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
}

TEST(Session, ControlCAtAnyMomentLeavesTheTerminalSane) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const Exercises exercises = scratch("interrupted");
  // At the start, during the compilation, and while it waits for a key or the next save.
  for (const std::string moment : {"keys are read", "checking ...", "to do: softmax"}) {
    Session session(exercises.mine, "xterm-256color");
    ASSERT_TRUE(moment == "keys are read" ? session.wait_until_raw() : session.wait_for(moment))
        << moment << ": " << session.output;
    session.type("\x03");
    const int status = session.end();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << moment << ": " << status;
    EXPECT_TRUE(session.is_sane()) << moment;
  }
}

TEST(Session, ControlCStopsAnEndlessLoopToo) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here";
  const Exercises exercises = scratch("loop");
  const Exercise first = exercises.find("softmax");
  const fs::path pid_file = exercises.mine / "pid";
  write_text(exercises.answer(first),
             "#include \"exercises/" + first.folder +
                 "/softmax.h\"\n#include <unistd.h>\n#include <fstream>\n"
                 "namespace mine {\nTensor softmax(const Tensor& x) {\n  std::ofstream(\"" +
                 pid_file.string() +
                 "\") << getpid() << std::endl;\n"
                 "  for (volatile int i = 0;;) i = i + 1;\n  return x;\n}\n}\n");
  Session session(exercises.mine, "xterm-256color");
  for (int i = 0; i < 600 && !(fs::exists(pid_file) && !read_text(pid_file).empty()); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_TRUE(fs::exists(pid_file)) << session.output;
  const pid_t program = std::stoi(read_text(pid_file));
  session.type("\x03");
  EXPECT_TRUE(WIFSIGNALED(session.end()));
  EXPECT_TRUE(session.is_sane());
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = kill(program, 0) != 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone);
}

TEST(Session, WithoutATerminalOneCheck) {
  const Exercises exercises = scratch("no_terminal");
  const std::string command = "'" EXERCISE_GRADER "' --answers '" + exercises.mine.string() +
                              "' </dev/null >'" + exercises.mine.string() + ".txt'";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  const std::string text = read_text(exercises.mine.string() + ".txt");
  EXPECT_TRUE(text.starts_with("04 softmax   compile ok")) << text;
  EXPECT_NE(text.find("to do: softmax: forward"), std::string::npos) << text;
}

}  // namespace
}  // namespace exercise_session_test
#endif
