// PCRE2 for WebAssembly, as far as text/word_splitter.cpp calls it: the host's regular expressions
// do the work. wasm/wasi.js (match) says what it understands; tests/wasm compares the words of many
// texts with those of PCRE2.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstring>
#include <new>

/// The bytes of the match at the start of the text; a negative number if there is none.
__attribute__((import_module("gradus"), import_name("match"))) int host_match(const char* pattern,
                                                                              size_t pattern_length,
                                                                              const char* text,
                                                                              size_t text_length);

struct pcre2_real_code_8 {
  const char* pattern;
  size_t length;
};
struct pcre2_real_match_data_8 {
  PCRE2_SIZE ends[2];
};

extern "C" {

/// The pattern must exist as long as the code.
pcre2_code_8* pcre2_compile_8(PCRE2_SPTR8 pattern, PCRE2_SIZE length, uint32_t /*options*/,
                              int* /*error*/, PCRE2_SIZE* /*at*/, pcre2_compile_context_8*) {
  const char* const text = reinterpret_cast<const char*>(pattern);
  return new (std::nothrow)
      pcre2_code_8{text, length == PCRE2_ZERO_TERMINATED ? std::strlen(text) : length};
}

int pcre2_jit_compile_8(pcre2_code_8*, uint32_t /*options*/) { return PCRE2_ERROR_JIT_BADOPTION; }
int pcre2_jit_match_8(const pcre2_code_8*, PCRE2_SPTR8, PCRE2_SIZE, PCRE2_SIZE, uint32_t,
                      pcre2_match_data_8*, pcre2_match_context_8*) {
  return PCRE2_ERROR_JIT_BADOPTION;
}

pcre2_match_data_8* pcre2_match_data_create_8(uint32_t /*pairs*/, pcre2_general_context_8*) {
  return new (std::nothrow) pcre2_match_data_8{};
}
void pcre2_match_data_free_8(pcre2_match_data_8* match) { delete match; }
PCRE2_SIZE* pcre2_get_ovector_pointer_8(pcre2_match_data_8* match) { return match->ends; }

/// Finds a match that begins at `start`, and none further to the right.
int pcre2_match_8(const pcre2_code_8* code, PCRE2_SPTR8 subject, PCRE2_SIZE length,
                  PCRE2_SIZE start, uint32_t /*options*/, pcre2_match_data_8* match,
                  pcre2_match_context_8*) {
  const char* const text = reinterpret_cast<const char*>(subject) + start;
  const int bytes = host_match(code->pattern, code->length, text, length - start);
  if (bytes < 0) return PCRE2_ERROR_NOMATCH;
  match->ends[0] = start;
  match->ends[1] = start + static_cast<PCRE2_SIZE>(bytes);
  return 1;
}
}
