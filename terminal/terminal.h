// The terminal: its colours, its width, and how many columns a text takes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::terminal {

enum class Depth { plain, colors256, truecolor };

/// How many colours to use. The first of these decides: `flag` (the value of --color: never, 256,
/// truecolor or always; "auto" decides nothing), NO_COLOR, FORCE_COLOR, and whether the output is a
/// terminal (`tty`). COLORTERM and TERM say how many colours a terminal has.
Depth color_depth(std::string_view flag, bool tty);
bool stdin_is_tty();
bool stdout_is_tty();
/// Makes stdout_is_tty() false from now on. mpirun gives its processes a terminal even if its own
/// output is a file.
void treat_stdout_as_file();
/// The width of the terminal that stdout is connected to; 80 if there is none.
int width();
/// The number of lines of the terminal that stdout is connected to; 24 if there is none.
int height();
/// Whether the locale (LC_ALL, LC_CTYPE, LANG) is UTF-8. If it is not, pictures use ASCII only.
bool utf8();

struct Rgb {
  uint8_t r, g, b;
};
/// The viridis colour map: 0 is dark violet, 1 is yellow, and brightness rises steadily.
Rgb ramp(double v);
/// The same in the 256-colour palette.
int ramp256(double v);
/// The text on the colour of v, in black or white, whichever is readable.
std::string on_color(std::string_view text, double v, Depth depth);
std::string bold(std::string_view text, Depth depth);
std::string dim(std::string_view text, Depth depth);

/// Replaces control characters and bytes that are not UTF-8 by '?', so that the text cannot send
/// commands to the terminal.
std::string printable(std::string_view text);
/// How many columns a UTF-8 text takes: two for CJK and emoji, none for combining marks.
int columns(std::string_view text);
/// The text, cut or padded to w columns.
std::string fit(std::string_view text, int w, bool right_aligned);
/// Breaks the text into lines of at most w columns, each indented by `indent` spaces. Line ends in
/// the text are kept.
std::string wrap(std::string_view text, int w, int indent = 0);
/// Breaks lines of more than w columns, and nothing else; what follows a break is indented more.
/// The text may have colours, which take no column.
std::string fold(std::string_view text, int w);

}  // namespace gradus::terminal
