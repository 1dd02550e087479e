/* There is no terminal: every call fails. */
#pragma once
#include <errno.h>

typedef unsigned tcflag_t;
struct termios {
  tcflag_t c_lflag;
  unsigned char c_cc[32];
};
enum { VTIME = 5, VMIN = 6, ICANON = 2, ECHO = 8, TCSANOW = 0, TCIFLUSH = 0 };

static inline int not_a_terminal(void) {
  errno = ENOTTY;
  return -1;
}
static inline int tcgetattr(int file, struct termios* settings) {
  (void)file;
  (void)settings;
  return not_a_terminal();
}
static inline int tcsetattr(int file, int when, const struct termios* settings) {
  (void)file;
  (void)when;
  (void)settings;
  return not_a_terminal();
}
static inline int tcflush(int file, int queue) {
  (void)file;
  (void)queue;
  return not_a_terminal();
}
