/* There is no terminal whose size could be asked for: ioctl() of wasi-libc fails for TIOCGWINSZ. */
#pragma once
#include_next <sys/ioctl.h>

#define TIOCGWINSZ 0x5413
struct winsize {
  unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};
