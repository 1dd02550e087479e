// C++ exceptions for wasm32-wasi, whose libc++abi is built without them: the functions that the
// compiler calls for throw and catch with -fwasm-exceptions, and those that std::exception_ptr
// calls. There is one thread.
//
// A throw raises WebAssembly's tag __cpp_exception with the address of the thrown object. At a
// handler the compiler stores where it is in __wasm_lpad_context and calls _Unwind_CallPersonality,
// which looks up in the function's table (the LSDA of the Itanium C++ ABI) which catch clause takes
// the object. Whether a clause takes a type is a private virtual function of libc++abi's type_info:
// after a change of the version, run tests/wasm.
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <typeinfo>
#include <utility>

namespace __cxxabiv1 {

/// The base class of every type_info of libc++abi, with its virtual functions in their order.
class __shim_type_info : public std::type_info {
 public:
  ~__shim_type_info() override;
  virtual void noop1() const;
  virtual void noop2() const;
  virtual bool can_catch(const __shim_type_info* thrown, void*& object) const = 0;
};

struct __cxa_exception;  // libc++ knows only the name

}  // namespace __cxxabiv1

namespace {

using Type = __cxxabiv1::__shim_type_info;

/// A throw. The thrown object follows it in memory; after std::rethrow_exception nothing follows,
/// and `primary` is the throw that has the object.
struct alignas(16) Throw {
  const Type* type = nullptr;
  void* (*destroy)(void*) = nullptr;  // in WebAssembly a destructor returns its object
  Throw* primary = nullptr;
  Throw* next_caught = nullptr;  // the one that was being handled before
  void* adjusted = nullptr;      // the object as the type that the handler names
  int handlers = 0;              // that are handling it
  int references = 0;            // to the object: throws and std::exception_ptrs
  bool rethrown = false;
};

Throw* caught = nullptr;  // the one that is being handled; the others follow in next_caught
unsigned uncaught = 0;

Throw* throw_of(void* address) { return static_cast<Throw*>(address) - 1; }
void* address_of(Throw* t) { return t + 1; }
void* object_of(Throw* t) { return t->primary + 1; }

Throw* new_throw(size_t object_bytes) {
  void* memory = std::calloc(1, sizeof(Throw) + object_bytes);
  if (!memory) std::abort();
  return new (memory) Throw;
}

void release_object(Throw* primary) {
  if (--primary->references > 0) return;
  if (primary->destroy) primary->destroy(address_of(primary));
  std::free(primary);
}

void release(Throw* t) {
  Throw* const primary = t->primary;
  if (t != primary) std::free(t);
  release_object(primary);
}

[[noreturn]] void raise(Throw* t) {
  ++uncaught;
  __builtin_wasm_throw(0, address_of(t));
}

/// Unsigned LEB128: seven bits in each byte, the lowest first.
uintptr_t read_unsigned(const uint8_t*& at) {
  uintptr_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t byte = *at++;
    value |= static_cast<uintptr_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

/// The same in two's complement.
intptr_t read_signed(const uint8_t*& at) {
  const uint8_t* const start = at;
  const auto value = static_cast<intptr_t>(read_unsigned(at));
  const unsigned unused_bits = 32 - 7 * static_cast<unsigned>(at - start);
  if (unused_bits >= 32) return value;  // five bytes have all 32 bits
  return static_cast<intptr_t>(static_cast<uintptr_t>(value) << unused_bits) >> unused_bits;
}

struct LandingPad {  // the layout is the compiler's
  uintptr_t index;
  const uint8_t* table;
  uintptr_t selector;
};

/// The catch clause that takes the throw, in the chain of actions from `action` on; 0 if there is
/// none. Every action has the clause and the distance to the next action.
uintptr_t find_clause(const uint8_t* action, const uint32_t* types, Throw* t) {
  while (true) {
    const intptr_t clause = read_signed(action);
    if (clause > 0) {
      const auto* type = reinterpret_cast<const Type*>(types[-clause]);
      void* adjusted = object_of(t);
      if (type == nullptr || type->can_catch(t->type, adjusted)) {  // null: catch (...)
        t->adjusted = adjusted;
        return static_cast<uintptr_t>(clause);
      }
    }
    const uint8_t* next = action;
    const intptr_t distance = read_signed(next);
    if (distance == 0) return 0;
    action += distance;
  }
}

}  // namespace

extern "C" {

LandingPad __wasm_lpad_context;

int __gxx_wasm_personality_v0(...) { return 0; }

/// Stores which catch clause of the landing pad takes the throw: 0 if none does.
int _Unwind_CallPersonality(void* address) {
  constexpr uint8_t kOmitted = 0xFF;
  LandingPad& pad = __wasm_lpad_context;
  pad.selector = 0;
  const uint8_t* at = pad.table;
  if (*at++ != kOmitted) std::abort();  // a base of landing pads, which clang does not write
  if (*at++ == kOmitted) return 0;      // no types: there are only destructors to call
  const uintptr_t distance_to_types = read_unsigned(at);
  const auto* types = reinterpret_cast<const uint32_t*>(at + distance_to_types);
  ++at;  // the encoding of the next table: LEB128
  const uintptr_t pads_bytes = read_unsigned(at);
  const uint8_t* const actions = at + pads_bytes;
  for (uintptr_t i = 0; i < pad.index; ++i) {
    read_unsigned(at);
    read_unsigned(at);
  }
  read_unsigned(at);  // the index
  const uintptr_t first_action = read_unsigned(at);
  if (first_action > 0)
    pad.selector = find_clause(actions + first_action - 1, types, throw_of(address));
  return 0;
}

void* __cxa_allocate_exception(size_t bytes) noexcept {
  Throw* const t = new_throw(bytes);
  t->primary = t;
  return address_of(t);
}

void __cxa_free_exception(void* address) noexcept { std::free(throw_of(address)); }

/// For std::make_exception_ptr, too, which then adds a reference.
__cxxabiv1::__cxa_exception* __cxa_init_primary_exception(void* address, std::type_info* type,
                                                          void* (*destroy)(void*)) noexcept {
  Throw* const t = throw_of(address);
  t->type = static_cast<const Type*>(type);
  t->destroy = destroy;
  return reinterpret_cast<__cxxabiv1::__cxa_exception*>(t);
}

[[noreturn]] void __cxa_throw(void* address, std::type_info* type, void* (*destroy)(void*)) {
  __cxa_init_primary_exception(address, type, destroy);
  throw_of(address)->references = 1;
  raise(throw_of(address));
}

void* __cxa_get_exception_ptr(void* address) noexcept { return throw_of(address)->adjusted; }

void* __cxa_begin_catch(void* address) noexcept {
  Throw* const t = throw_of(address);
  --uncaught;
  ++t->handlers;
  t->rethrown = false;
  if (caught != t) t->next_caught = std::exchange(caught, t);
  return t->adjusted;
}

void __cxa_end_catch() {
  Throw* const t = caught;
  if (--t->handlers > 0) return;
  caught = t->next_caught;
  if (!t->rethrown) release(t);
}

[[noreturn]] void __cxa_rethrow() {
  if (!caught) std::terminate();
  caught->rethrown = true;
  raise(caught);
}

void __cxa_increment_exception_refcount(void* address) noexcept {
  if (address) ++throw_of(address)->references;
}

void __cxa_decrement_exception_refcount(void* address) noexcept {
  if (address) release_object(throw_of(address));
}

void* __cxa_current_primary_exception() noexcept {
  if (!caught) return nullptr;
  Throw* const primary = caught->primary;
  ++primary->references;
  return address_of(primary);
}

void __cxa_rethrow_primary_exception(void* address) {
  if (!address) return;
  Throw* const primary = throw_of(address);
  ++primary->references;
  Throw* const t = new_throw(0);
  t->type = primary->type;
  t->primary = primary;
  raise(t);
}

bool __cxa_uncaught_exception() noexcept { return uncaught > 0; }
unsigned __cxa_uncaught_exceptions() noexcept { return uncaught; }
const std::type_info* __cxa_current_exception_type() { return caught ? caught->type : nullptr; }

/// The program's main, linked with --wrap=__original_main. An exception that nobody catches would
/// end in JavaScript, which cannot read its message.
int __real___original_main();
int __wrap___original_main() {
  constexpr int kStatusOfAbort = 134;
  try {
    return __real___original_main();
  } catch (const std::exception& e) {
    std::fflush(stdout);
    std::fprintf(stderr, "an exception was not caught: %s\n", e.what());
  } catch (...) {
    std::fflush(stdout);
    std::fprintf(stderr, "an exception was not caught\n");
  }
  return kStatusOfAbort;
}

/// Called where libc++'s own code, which is compiled without exceptions, should throw:
/// std::stoi("x") or std::vector::at. libc++'s function of this name prints and aborts; this one
/// throws what can still be told, the message.
[[noreturn]] __attribute__((format(printf, 1, 2))) void libcxx_failed(
    const char* format, ...) __asm__("_ZNSt3__222__libcpp_verbose_abortEPKcz");
void libcxx_failed(const char* format, ...) {
  char message[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  throw std::runtime_error(message);
}
}

// The tag of C++ exceptions, with the address of the object.
__asm__(
    ".globl __cpp_exception\n"
    ".tagtype __cpp_exception i32\n"
    "__cpp_exception:\n");
