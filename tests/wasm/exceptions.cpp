// Throws and catches everything that wasm/runtime/exceptions.cpp supports. The exit status is 1 if
// something differs from what a compiler with exceptions of its own does; this program also runs
// natively.
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int faults = 0;
int alive = 0;  // objects of Counted

void expect(bool ok, const char* what) {
  if (ok) return;
  std::printf("wrong: %s\n", what);
  ++faults;
}

struct Counted {
  int value;
  explicit Counted(int v) : value(v) { ++alive; }
  Counted(const Counted& other) : value(other.value) { ++alive; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
};

struct Left {
  virtual ~Left() = default;
  int left = 1;
};
struct Right {
  virtual ~Right() = default;
  int right = 2;
};
struct Both : Left, Right {};
struct Named : std::runtime_error {
  using std::runtime_error::runtime_error;
};

__attribute__((noinline)) void throw_kind(int kind) {
  const Counted local(kind);
  if (kind == 0) throw Named("zero");
  if (kind == 1) throw Counted(41);
  if (kind == 2) throw 42;
  if (kind == 3) throw "text";
  if (kind == 4) throw Both();
  if (kind == 5) throw std::bad_alloc();
  if (kind == 6) throw std::make_unique<int>(7);
}

/// Which clause catches, and what it sees.
std::string caught_by(int kind) {
  try {
    throw_kind(kind);
    return "nothing";
  } catch (const Counted& c) {
    return "Counted " + std::to_string(c.value);
  } catch (int n) {
    return "int " + std::to_string(n);
  } catch (const char* text) {
    return std::string("text ") + text;
  } catch (const Right& r) {  // not at the start of the thrown object
    return "Right " + std::to_string(r.right);
  } catch (const std::logic_error&) {
    return "logic_error";
  } catch (const std::exception& e) {
    return std::string("exception ") + e.what();
  } catch (...) {
    return "something else";
  }
}

void test_clauses() {
  expect(caught_by(0) == "exception zero", "a base class catches");
  expect(caught_by(1) == "Counted 41", "an object is caught by reference");
  expect(caught_by(2) == "int 42", "a number is caught");
  expect(caught_by(3) == "text text", "a pointer is caught");
  expect(caught_by(4) == "Right 2", "the second base class catches");
  expect(caught_by(5).starts_with("exception "), "bad_alloc is an exception");
  expect(caught_by(6) == "something else", "... catches the rest");
  expect(caught_by(7) == "nothing", "nothing is thrown");
  expect(alive == 0, "every object is destroyed once");
}

void test_rethrow() {
  std::string order;
  try {
    try {
      try {
        throw Named("inner");
      } catch (const std::logic_error&) {
        order += "wrong";
      }
    } catch (const Named&) {
      order += "a";
      try {
        throw;
      } catch (const std::exception&) {
        order += "b";
      }
      throw;
    }
  } catch (const std::runtime_error& e) {
    order += e.what();
  }
  expect(order == "abinner", "throw; goes on to the outer handlers");
}

void test_exception_in_handler() {
  std::string order;
  try {
    try {
      throw Counted(1);
    } catch (const Counted&) {
      throw Named("second");
    }
  } catch (const std::exception& e) {
    order = e.what();
  }
  expect(order == "second", "a handler throws another exception");
  expect(alive == 0, "the first one is destroyed");
}

void test_exception_ptr() {
  std::exception_ptr kept;
  try {
    throw Counted(5);
  } catch (...) {
    kept = std::current_exception();
  }
  expect(kept != nullptr && alive == 1, "an exception_ptr keeps the object");
  for (int i = 0; i < 2; ++i) {
    try {
      std::rethrow_exception(kept);
    } catch (const Counted& c) {
      expect(c.value == 5 && alive == 1, "rethrow_exception throws the same object");
    }
  }
  // Thrown again while it is not the innermost one that is being handled.
  try {
    std::rethrow_exception(kept);
  } catch (const Counted&) {
    try {
      throw Named("between");
    } catch (const Named&) {
      try {
        std::rethrow_exception(kept);
      } catch (const Counted& c) {
        expect(c.value == 5, "the same object twice");
      }
      expect(std::current_exception() != nullptr, "the handler of Named goes on");
      try {
        throw;
      } catch (const std::exception& e) {
        expect(std::string(e.what()) == "between", "throw; throws the innermost one");
      }
    }
  }
  kept = nullptr;
  expect(alive == 0, "the last exception_ptr destroys the object");
  try {
    std::rethrow_exception(std::make_exception_ptr(Counted(6)));
  } catch (const Counted& c) {
    expect(c.value == 6, "make_exception_ptr");
  }
  expect(alive == 0 && std::current_exception() == nullptr, "nothing is left");
}

struct Watcher {
  int* during;
  ~Watcher() { *during = std::uncaught_exceptions(); }
};

void test_uncaught_exceptions() {
  int during = -1;
  try {
    const Watcher watcher{&during};
    throw 1;
  } catch (int) {
    expect(std::uncaught_exceptions() == 0, "none is uncaught in a handler");
  }
  expect(during == 1, "one is uncaught while the stack is unwound");
}

template <class F>
bool throws(const F& f) {
  try {
    f();
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

/// The library's own code throws here.
void test_library() {
  expect(throws([] { return std::stoi("no number"); }), "std::stoi");
  expect(throws([] { return std::stod("1e999"); }), "std::stod");
  expect(throws([] { return std::vector<int>().at(3); }), "std::vector::at");
  expect(throws([] { return std::string("ab").substr(3); }), "std::string::substr");
  if (sizeof(size_t) > 4) return;  // there a system may promise memory that it does not have
  constexpr size_t kTooMuch = 0xFFF0'0000u;
  expect(throws([] { return ::operator new(kTooMuch); }), "operator new");
  expect(throws([] { return ::operator new[](kTooMuch); }), "operator new[]");
  expect(throws([] { return ::operator new(kTooMuch, std::align_val_t(64)); }), "aligned new");
  expect(!::operator new(kTooMuch, std::nothrow), "new without exceptions");
  expect(!::operator new(kTooMuch, std::align_val_t(64), std::nothrow), "and aligned");
}

}  // namespace

int main(int argc, char**) {
  test_clauses();
  test_rethrow();
  test_exception_in_handler();
  test_exception_ptr();
  test_uncaught_exceptions();
  test_library();
  if (argc > 1) throw Named("nobody catches this");
  if (faults == 0) std::puts("exceptions work");
  return faults == 0 ? 0 : 1;
}
