// What a terminal can show: colours, how wide it is, and how many columns a text takes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::terminal {

enum class Depth { plain, colors256, truecolor };

/// --color=never, 256, truecolor and always beat NO_COLOR, which beats FORCE_COLOR, which beats
/// whether `tty`. What "always" and a terminal can show is read from COLORTERM and TERM.
Depth color_depth(std::string_view flag, bool tty);
bool stdin_is_tty();
bool stdout_is_tty();
/// The columns of the terminal behind stdout; 80 if there is none.
int width();
/// Whether the locale (LC_ALL, LC_CTYPE, LANG) says UTF-8: else pictures are drawn in ASCII.
bool utf8();

struct Rgb {
  uint8_t r, g, b;
};
/// The viridis ramp: 0 is dark violet, 1 is yellow; its brightness rises all the way.
Rgb ramp(double v);
/// The same in the 256-colour palette.
int ramp256(double v);
/// Black on bright, white on dark.
std::string on_color(std::string_view text, double v, Depth depth);
std::string bold(std::string_view text, Depth depth);
std::string dim(std::string_view text, Depth depth);

/// Control characters and bytes that are not UTF-8 become '?'; a text made so cannot steer the
/// terminal.
std::string printable(std::string_view text);
/// How many columns a UTF-8 text takes: two for CJK and emoji, none for combining marks.
int columns(std::string_view text);
/// The text cut or padded to w columns.
std::string fit(std::string_view text, int w, bool right_aligned);
/// The words broken into lines of at most w columns, each after `indent` spaces; a line end in the
/// text stays one.
std::string wrap(std::string_view text, int w, int indent = 0);

}  // namespace gradus::terminal
