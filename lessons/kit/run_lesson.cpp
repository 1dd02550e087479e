#include <unistd.h>

#include <csignal>
#include <iostream>

#include "lessons/kit/lesson.h"

namespace gradus::lessons {

int run_lesson(int argc, const char* const* argv, const About& about, void (*lesson)(Lesson&)) {
  std::signal(SIGINT, [](int) {
    show_typed_keys();
    constexpr char reset[] = "\x1b[0m\n";
    const bool tty = isatty(STDOUT_FILENO) == 1;
    [[maybe_unused]] const auto written =
        write(STDOUT_FILENO, tty ? reset : "\n", tty ? sizeof reset - 1 : 1);
    _exit(130);
  });
  try {
    Arguments arguments;
    if (const auto status = parse(argc, argv, about, arguments)) return *status;
    Lesson page(about, arguments, std::cin, std::cout);
    int left = 0;
    bool to_the_end = true;
    try {
      lesson(page);
    } catch (const Lesson::Leave& leave) {
      left = leave.status;
      to_the_end = false;
    }
    const int status = page.finish(to_the_end);
    return left ? left : status;
  } catch (const std::exception& e) {
    std::cout.flush();
    std::cerr << fmt::format("lesson {:02}: {}\n", about.number, e.what());
    return 1;
  }
}

}  // namespace gradus::lessons
