#include "terminal/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>

namespace gradus::terminal {
namespace {

std::atomic<bool> stdout_is_file = false;  // by treat_stdout_as_file

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Depth best_depth() {
  const auto color = environment("COLORTERM");
  const auto term = environment("TERM");
  if (color == "truecolor" || color == "24bit" || term.find("direct") != std::string_view::npos)
    return Depth::truecolor;
  return term.empty() || term == "dumb" ? Depth::plain : Depth::colors256;
}

/// The code point at the start of the text and its bytes; U+FFFD and 1 where this is not UTF-8.
std::pair<uint32_t, size_t> first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const size_t length = first < 0x80       ? 1
                        : first >> 5 == 6  ? 2
                        : first >> 4 == 14 ? 3
                        : first >> 3 == 30 ? 4
                                           : 0;
  if (length == 1) return {first, 1};
  if (length == 0 || text.size() < length) return {0xFFFD, 1};
  uint32_t code = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return {0xFFFD, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const uint32_t smallest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {0xFFFD, 1};
  return {code, length};
}

bool within(uint32_t code, std::initializer_list<std::pair<uint32_t, uint32_t>> ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](auto r) { return code >= r.first && code <= r.second; });
}

int columns_of(uint32_t code) {
  if (within(code, {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}))
    return 0;
  return within(code, {{0x1100, 0x115F},
                       {0x2E80, 0xA4CF},
                       {0xAC00, 0xD7A3},
                       {0xF900, 0xFAFF},
                       {0xFE30, 0xFE6F},
                       {0xFF00, 0xFF60},
                       {0xFFE0, 0xFFE6},
                       {0x1F300, 0x1FAFF},
                       {0x20000, 0x3FFFD}})
             ? 2
             : 1;
}

}  // namespace

Depth color_depth(std::string_view flag, bool tty) {
  if (flag == "never") return Depth::plain;
  if (flag == "256") return Depth::colors256;
  if (flag == "truecolor") return Depth::truecolor;
  const Depth at_least_256 = std::max(best_depth(), Depth::colors256);
  if (flag == "always") return at_least_256;
  if (!environment("NO_COLOR").empty()) return Depth::plain;
  if (!environment("FORCE_COLOR").empty()) return at_least_256;
  return tty ? best_depth() : Depth::plain;
}

bool stdin_is_tty() { return isatty(STDIN_FILENO) == 1; }
bool stdout_is_tty() { return !stdout_is_file && isatty(STDOUT_FILENO) == 1; }
void treat_stdout_as_file() { stdout_is_file = true; }

int width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int height() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

bool utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

Rgb ramp(double v) {
  static constexpr std::array<Rgb, 9> stops{{{68, 1, 84},
                                             {72, 40, 120},
                                             {62, 74, 137},
                                             {49, 104, 142},
                                             {38, 130, 142},
                                             {31, 158, 137},
                                             {53, 183, 121},
                                             {109, 205, 89},
                                             {253, 231, 37}}};
  v = std::clamp(v, 0.0, 1.0) * 8;
  const size_t i = std::min<size_t>(7, static_cast<size_t>(v));
  const double t = v - static_cast<double>(i);
  const auto mix = [t](int a, int b) { return static_cast<uint8_t>(std::lround(a + (b - a) * t)); };
  const Rgb a = stops[i];
  const Rgb b = stops[i + 1];
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

int ramp256(double v) {
  // Chosen by eye: the nearest colours of the 6x6x6 cube do not grow steadily brighter.
  static constexpr std::array<int, 8> stops{17, 54, 24, 30, 36, 78, 149, 226};
  return stops[static_cast<size_t>(std::clamp(v * 8, 0.0, 7.0))];
}

std::string on_color(std::string_view text, double v, Depth depth) {
  if (depth == Depth::plain) return std::string(text);
  if (depth == Depth::colors256)
    return fmt::format("\x1b[48;5;{};38;5;{}m{}\x1b[0m", ramp256(v), v < 0.5 ? 231 : 16, text);
  const Rgb c = ramp(v);
  const int ink = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b < 120 ? 255 : 0;
  return fmt::format("\x1b[48;2;{};{};{};38;2;{};{};{}m{}\x1b[0m", c.r, c.g, c.b, ink, ink, ink,
                     text);
}

std::string bold(std::string_view text, Depth depth) {
  return depth == Depth::plain ? std::string(text) : fmt::format("\x1b[1m{}\x1b[0m", text);
}
std::string dim(std::string_view text, Depth depth) {
  return depth == Depth::plain ? std::string(text) : fmt::format("\x1b[2m{}\x1b[0m", text);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, bytes] = first_code_point(text);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFD ||
                         within(code, {{0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}});
    if (control)
      out += '?';
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

int columns(std::string_view text) {
  int sum = 0;
  while (!text.empty()) {
    const auto [code, bytes] = first_code_point(text);
    sum += columns_of(code);
    text.remove_prefix(bytes);
  }
  return sum;
}

std::string fit(std::string_view text, int w, bool right_aligned) {
  size_t kept = 0;
  int used = 0;
  while (kept < text.size()) {
    const auto [code, bytes] = first_code_point(text.substr(kept));
    if (used + columns_of(code) > w) break;
    used += columns_of(code);
    kept += bytes;
  }
  const std::string pad(static_cast<size_t>(std::max(0, w - used)), ' ');
  const std::string cut(text.substr(0, kept));
  return right_aligned ? pad + cut : cut + pad;
}

namespace {

/// A character, with the escape sequences before it.
struct Glyph {
  size_t bytes;
  int columns;
  bool is_space;
};
std::vector<Glyph> glyphs_of(std::string_view line) {
  std::vector<Glyph> glyphs;
  size_t escapes = 0;  // bytes since the last character
  while (!line.empty()) {
    const size_t escape_end =
        line.substr(0, 2) == "\x1b[" ? line.find('m') : std::string_view::npos;
    if (escape_end != std::string_view::npos) {
      escapes += escape_end + 1;
      line.remove_prefix(escape_end + 1);
      continue;
    }
    const auto [code, bytes] = first_code_point(line);
    glyphs.push_back({escapes + bytes, columns_of(code), code == ' '});
    escapes = 0;
    line.remove_prefix(bytes);
  }
  if (!glyphs.empty()) glyphs.back().bytes += escapes;
  return glyphs;
}

std::string fold_line(std::string_view line, int w) {
  const int margin = static_cast<int>(std::min(line.find_first_not_of(' '), line.size()));
  const int indent = margin + 4 < w / 2 ? margin + 4 : 0;
  const std::vector<Glyph> glyphs = glyphs_of(line);
  std::string out;
  size_t first = 0;     // the first glyph of the output line
  size_t last_gap = 0;  // the last space after a word in it; first if there is none
  bool after_word = false;
  int used = 0;
  const auto take = [&](size_t end) {
    for (; first < end; ++first) {
      out += line.substr(0, glyphs[first].bytes);
      line.remove_prefix(glyphs[first].bytes);
    }
  };
  for (size_t i = 0; i < glyphs.size(); ++i) {
    if (glyphs[i].is_space && after_word) last_gap = i;
    after_word = after_word || !glyphs[i].is_space;
    used += glyphs[i].columns;
    if (used <= w || i == first) continue;
    take(last_gap > first ? last_gap : i);
    for (; first < glyphs.size() && glyphs[first].is_space; ++first)
      line.remove_prefix(glyphs[first].bytes);
    if (first == glyphs.size()) return out;
    out += "\n" + std::string(static_cast<size_t>(indent), ' ');
    used = indent;
    after_word = false;
    last_gap = first;
    i = first - 1;  // the loop goes on at first
  }
  take(glyphs.size());
  return out + std::string(line);
}

}  // namespace

std::string fold(std::string_view text, int w) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += fold_line(text.substr(0, end), w);
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

std::string wrap(std::string_view text, int w, int indent) {
  std::string out;
  const std::string margin(static_cast<size_t>(indent), ' ');
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string line;
    for (size_t at = 0; at < end;) {
      const size_t stop = std::min({text.find(' ', at), end});
      const std::string_view word = text.substr(at, stop - at);
      at = stop + 1;
      if (word.empty()) continue;
      if (!line.empty() && indent + columns(line) + 1 + columns(word) > w) {
        out += margin + line + '\n';
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line += word;
    }
    out += (line.empty() ? "" : margin + line) + '\n';
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace gradus::terminal
