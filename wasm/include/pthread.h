/* There are no processes, so no handler of fork() is ever called. */
#pragma once

static inline int pthread_atfork(void (*before)(void), void (*parent)(void), void (*child)(void)) {
  (void)before;
  (void)parent;
  (void)child;
  return 0;
}
