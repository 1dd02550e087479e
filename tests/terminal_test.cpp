// The pictures that lessons draw in a terminal.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "autograd/ops.h"
#include "terminal/pictures.h"

using namespace gradus;
using namespace gradus::terminal;

namespace {

/// Sets an environment variable (or unsets it, for null) until the end of the block.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    const char* before = std::getenv(name);
    if (before) before_ = before;
    had_ = before != nullptr;
    set(value);
  }
  ~Environment() { set(had_ ? before_.c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) {
    if (value)
      setenv(name_, value, 1);
    else
      unsetenv(name_);
  }
  const char* name_;
  std::string before_;
  bool had_;
};

constexpr Canvas kPlain{Depth::plain, 80, true}, kAscii{Depth::plain, 80, false};
const double kHidden = -std::numeric_limits<double>::infinity();
const Heatmap kMap{.title = "weights",
                   .values = {1, kHidden, 0.25, 0.75},
                   .rows = {"the", "cat"},
                   .columns = {"the", "cat"}};

bool has_escape(const std::string& text) { return text.find('\x1b') != std::string::npos; }
/// The text without colours.
std::string bare(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b')
      i = text.find('m', i);
    else
      out += text[i];
  }
  return out;
}
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == '\n')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

TEST(ColorDepth, FlagBeatsNoColorBeatsForceColorBeatsTheTerminal) {
  const Environment term("TERM", "xterm-256color");
  const Environment colorterm("COLORTERM", nullptr);
  {
    const Environment none("NO_COLOR", nullptr);
    const Environment force("FORCE_COLOR", nullptr);
    EXPECT_EQ(color_depth("auto", true), Depth::colors256);
    EXPECT_EQ(color_depth("auto", false), Depth::plain);
    EXPECT_EQ(color_depth("always", false), Depth::colors256);
  }
  {
    const Environment none("NO_COLOR", nullptr);
    const Environment force("FORCE_COLOR", "1");
    EXPECT_EQ(color_depth("auto", false), Depth::colors256);
  }
  {
    const Environment none("NO_COLOR", "1");
    const Environment force("FORCE_COLOR", "1");
    EXPECT_EQ(color_depth("auto", true), Depth::plain);
    EXPECT_EQ(color_depth("truecolor", false), Depth::truecolor);
    EXPECT_EQ(color_depth("256", true), Depth::colors256);
    EXPECT_EQ(color_depth("never", true), Depth::plain);
  }
  {
    const Environment empty("NO_COLOR", "");
    const Environment force("FORCE_COLOR", nullptr);
    EXPECT_EQ(color_depth("auto", true), Depth::colors256) << "an empty NO_COLOR counts as not set";
  }
}

TEST(ColorDepth, WhatTheTerminalSaysItCan) {
  const Environment none("NO_COLOR", nullptr);
  const Environment force("FORCE_COLOR", nullptr);
  {
    const Environment term("TERM", "xterm");
    const Environment colorterm("COLORTERM", "truecolor");
    EXPECT_EQ(color_depth("auto", true), Depth::truecolor);
  }
  {
    const Environment term("TERM", "xterm-direct");
    const Environment colorterm("COLORTERM", nullptr);
    EXPECT_EQ(color_depth("auto", true), Depth::truecolor);
  }
  for (const char* name : {"dumb", static_cast<const char*>(nullptr)}) {
    const Environment term("TERM", name);
    const Environment colorterm("COLORTERM", nullptr);
    EXPECT_EQ(color_depth("auto", true), Depth::plain);
    EXPECT_EQ(color_depth("always", true), Depth::colors256);
  }
}

TEST(Terminal, LocaleDecidesAboutUtf8) {
  const Environment all("LC_ALL", nullptr);
  const Environment ctype("LC_CTYPE", nullptr);
  {
    const Environment lang("LANG", "de_DE.UTF-8");
    EXPECT_TRUE(utf8());
    const Environment stronger("LC_ALL", "C");
    EXPECT_FALSE(utf8());
  }
  const Environment lang("LANG", nullptr);
  EXPECT_FALSE(utf8());
}

TEST(Terminal, TheRampGrowsBrighter) {
  double before = -1;
  for (int i = 0; i <= 100; ++i) {
    const Rgb c = ramp(i / 100.0);
    const double brightness = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
    EXPECT_GT(brightness, before - 1e-9);
    before = brightness;
  }
  EXPECT_EQ(ramp256(-1), 17);
  EXPECT_EQ(ramp256(2), 226);
}

TEST(Terminal, ColumnsCountsWhatIsSeen) {
  EXPECT_EQ(columns("journey"), 7);
  EXPECT_EQ(columns("naïve"), 5);
  EXPECT_EQ(columns("nai\u0308ve"), 5);  // a combining mark takes no column
  EXPECT_EQ(columns("日本"), 4);
  EXPECT_EQ(columns("\xff\xc3"), 2);  // bytes that are not UTF-8 take one each
}

TEST(Terminal, FitCutsAndPadsWithoutBreakingCharacters) {
  EXPECT_EQ(fit("cat", 5, true), "  cat");
  EXPECT_EQ(fit("cat", 5, false), "cat  ");
  EXPECT_EQ(fit("journey", 4, false), "jour");
  EXPECT_EQ(fit("日本語", 5, true), " 日本");
  EXPECT_EQ(fit("naïve", 3, false), "naï");
  EXPECT_EQ(fit("x", -1, false), "");
}

TEST(Terminal, PrintableDisarmsWhatSteersTheTerminal) {
  EXPECT_EQ(terminal::printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(terminal::printable("ok \xff naïve"), "ok ? naïve");
  EXPECT_EQ(terminal::printable("\u202Eabc"), "?abc");    // right-to-left override
  EXPECT_EQ(terminal::printable("\xc0\xaf"), "??");       // overlong
  EXPECT_EQ(terminal::printable("\xed\xa0\x80"), "???");  // surrogate
}

TEST(Terminal, WrapBreaksBetweenWords) {
  EXPECT_EQ(wrap("one two three", 8), "one two\nthree\n");
  EXPECT_EQ(wrap("one two", 7), "one two\n");
  EXPECT_EQ(wrap("incomprehensible it is", 5, 2), "  incomprehensible\n  it\n  is\n");
  EXPECT_EQ(wrap("a\nb", 80), "a\nb\n");
  EXPECT_EQ(wrap("", 80), "\n");
}

TEST(Heatmap, PlainHasNumbersAndShades) {
  EXPECT_EQ(draw(kMap, kPlain),
            "weights\n"
            "query ↓  key →\n"
            "          the   cat\n"
            "    the  1.00█    ·\n"
            "    cat   .25░  .75▓\n"
            "        ░ from 0.12  ▒ from 0.38  ▓ from 0.62  █ from 0.88  · masked\n");
}

TEST(Heatmap, AsciiWhereTheLocaleIsNotUtf8) {
  const std::string picture = draw(kMap, kAscii);
  for (const char c : picture)
    EXPECT_TRUE(static_cast<unsigned char>(c) < 0x80);
  EXPECT_NE(picture.find("query v  key >"), picture.npos);
  EXPECT_NE(picture.find("1.00#    -\n"), picture.npos);
}

TEST(Heatmap, In256Colors) {
  const std::string picture = draw(kMap, {Depth::colors256, 80, true});
  EXPECT_NE(picture.find("\x1b[48;5;226;38;5;16m 1.00 \x1b[0m"), picture.npos) << picture;
  EXPECT_NE(picture.find("\x1b[48;5;24;38;5;231m  .25 \x1b[0m"), picture.npos) << picture;
  EXPECT_EQ(lines_of(bare(picture))[3], "    the  1.00     · ");
}

TEST(Heatmap, InTruecolor) {
  const std::string picture = draw(kMap, {Depth::truecolor, 80, true});
  EXPECT_NE(picture.find("\x1b[48;2;253;231;37;38;2;0;0;0m 1.00 \x1b[0m"), picture.npos) << picture;
  EXPECT_NE(picture.find("\x1b[48;2;62;74;137;38;2;255;255;255m  .25 \x1b[0m"), picture.npos)
      << picture;
}

TEST(Heatmap, PlainHasNoEscapes) {
  EXPECT_FALSE(has_escape(draw(kMap, kPlain)));
  EXPECT_FALSE(has_escape(bars({"a"}, {1}, kPlain)));
}

TEST(Heatmap, SplitsWhatIsWiderThanTheTerminal) {
  Heatmap wide{.title = "wide", .values = std::vector<double>(12, 0.5), .rows = {"r"}};
  for (int i = 0; i < 12; ++i)
    wide.columns.push_back("w" + std::to_string(i));
  for (const int width : {10, 20, 40, 80})
    for (const Depth depth : {Depth::plain, Depth::colors256, Depth::truecolor}) {
      int numbers = 0;
      const auto lines = lines_of(bare(draw(wide, {depth, width, true})));
      for (size_t i = 0; i + 2 < lines.size(); ++i) {  // all but the legend
        if (i % 3 != 1) {                              // the line that names the axes may be longer
          EXPECT_LE(columns(lines[i]), std::max(width, 14)) << lines[i];
        }
        for (size_t at = lines[i].find(".50"); at != std::string::npos;
             at = lines[i].find(".50", at + 1))
          ++numbers;
      }
      EXPECT_EQ(numbers, 12);
    }
}

TEST(Heatmap, LongAndWideLabelsKeepTheColumns) {
  const Heatmap map{.title = "t",
                    .values = {0.1, 0.2, 0.3, 0.4},
                    .rows = {"incomprehensibilities", "日本"},
                    .columns = {"incomprehensibilities", "日本"}};
  const auto lines = lines_of(draw(map, kPlain));
  EXPECT_EQ(lines[2], "                 incomprehen        日本");
  EXPECT_EQ(lines[3], "incomprehensibil         .10         .20░");
  EXPECT_EQ(lines[4], "            日本         .30░        .40▒");
}

TEST(Heatmap, ValuesOutsideTheRangeAreClamped) {
  const Heatmap map{
      .title = "t", .values = {-0.5, 2, std::nan("")}, .rows = {"r"}, .columns = {"a", "b", "c"}};
  EXPECT_EQ(lines_of(draw(map, kPlain))[3], "      r  -.50  2.00█    ·");
}

TEST(Bars, TheLargestIsTheLongest) {
  EXPECT_EQ(bars({"a", "bb"}, {1, 2}, {Depth::plain, 19, true}),
            " a  1.0000 ████\nbb  2.0000 ████████\n");
  EXPECT_EQ(bars({"a", "b"}, {0, -1}, kAscii), "a   0.0000\nb  -1.0000\n");
  EXPECT_EQ(bars({"a"}, {std::nan("")}, kAscii), "a  nan\n");
  EXPECT_EQ(columns(bars({"a"}, {3}, kPlain)), 1 + 2 + 6 + 1 + 40 + 1);
}

TEST(Plot, DrawsCurvesAndAxes) {
  EXPECT_EQ(plot({-1, 0, 1}, {{"up", 'o', {-1, 0, 1}}}, {Depth::plain, 21, true}, 3),
            "    1.00      |    o\n"
            "    0.00 -----o-----\n"
            "   -1.00 o    |\n"
            "         -1        1\n"
            "         o up\n");
}

TEST(Plot, LogarithmicHasALineForEachPowerOfTen) {
  EXPECT_EQ(log_plot({0, 1, 2}, {{"down", 'o', {1, 0.1, 0.01}}, {"flat", 'x', {1, 0.9, 0}}},
                     {Depth::plain, 21, true}),
            "   1e+00 o    x\n"
            "   1e-01      o\n"
            "   1e-02           o\n"
            "         0         2\n"
            "         o down   x flat\n");
  const std::string far = log_plot({0, 1}, {{"far", 'o', {1, 1e-40}}}, kPlain);
  EXPECT_LE(std::count(far.begin(), far.end(), '\n'), 20);
  EXPECT_NE(far.find("1e-4"), far.npos) << far;
  EXPECT_NE(log_plot({0, 1}, {{"none", 'o', {0, -1}}}, kPlain).find("1e+00"), std::string::npos);
}

TEST(Terminal, FoldBreaksLongLinesOnly) {
  EXPECT_EQ(fold("short\n\nlines\n", 8), "short\n\nlines\n");
  EXPECT_EQ(fold("one two three", 8), "one two\nthree");
  EXPECT_EQ(fold("  one two three four five six", 20), "  one two three four\n      five six");
  EXPECT_EQ(fold("incomprehensible", 6), "incomp\nrehens\nible");
  EXPECT_EQ(fold("日本語日本語", 6), "日本語\n日本語");
  EXPECT_EQ(fold("\x1b[1mone\x1b[0m \x1b[2mtwo\x1b[0m", 7), "\x1b[1mone\x1b[0m \x1b[2mtwo\x1b[0m");
  EXPECT_EQ(fold("\x1b[1mone\x1b[0m \x1b[2mtwo\x1b[0m", 3), "\x1b[1mone\n\x1b[2mtwo\x1b[0m");
  EXPECT_EQ(fold("", 5), "");
}

TEST(Graph, DrawsEachNodeOnceAndNamesItAgain) {
  const Tensor x = tensor({2.0}).requires_grad_();
  const Tensor s = x * x;
  const Tensor y = s + s * 3.0;
  const auto name = [](const autograd::GraphNode& node) { return node.name; };
  EXPECT_EQ(draw(autograd::graph(y), kPlain, name),
            "add\n"
            "├─ mul\n"
            "│  ├─ leaf\n"
            "│  └─ leaf\n"
            "└─ mul\n"
            "   └─ mul (drawn above)\n");
  EXPECT_EQ(draw(autograd::graph(s), kAscii, name), "mul\n|- leaf\n`- leaf\n");
  EXPECT_EQ(draw(autograd::graph(tensor({1.0})), kPlain, name),
            "(no graph: nothing here needs gradients)\n");
}

}  // namespace
