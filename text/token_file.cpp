#include "text/token_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tensor/factories.h"
#include "tensor/file_io.h"

namespace gradus::text {
namespace {

constexpr const char* kTokenFile = "TokenFile";
constexpr char kMagic[] = "gradtok1";
constexpr int64_t kMaxVocabSize = int64_t{1} << 31;

struct Header {
  char magic[8];
  int64_t vocab_size;
  int64_t bytes_each;
  int64_t train;
  int64_t validation;
};

int64_t bytes_each(int64_t vocab_size) { return vocab_size <= 1 << 16 ? 2 : 4; }

template <class T>
void write_tokens(OutputFile& file, std::span<const int64_t> ids, int64_t vocab_size) {
  constexpr size_t kBlock = 1 << 16;
  std::vector<T> block;
  for (size_t i = 0; i < ids.size(); ++i) {
    file.check(ids[i] >= 0 && ids[i] < vocab_size, "id {} at position {} is not from 0 to {}",
               ids[i], i, vocab_size - 1);
    block.push_back(static_cast<T>(ids[i]));
    if (block.size() < kBlock && i + 1 < ids.size()) continue;
    file.write(block.data(), static_cast<int64_t>(block.size() * sizeof(T)));
    block.clear();
  }
}

}  // namespace

class MappedTokens : public FileContext {
 public:
  explicit MappedTokens(const std::string& file_path) : FileContext{kTokenFile, file_path} {
    check_is_file();
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    check(descriptor >= 0, "it cannot be opened: {}", std::strerror(errno));
    struct stat info {};
    const bool has_size = fstat(descriptor, &info) == 0;
    length_ = has_size ? static_cast<size_t>(info.st_size) : 0;
    if (length_ >= sizeof(Header))
      data_ = mmap(nullptr, length_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int error = errno;
    close(descriptor);
    check(length_ >= sizeof(Header), "it has {} bytes, too few for a file of tokens", length_);
    check(data_ != MAP_FAILED, "it cannot be mapped: {}", std::strerror(error));
  }
  ~MappedTokens() {
    if (data_ != MAP_FAILED) munmap(data_, length_);
  }
  MappedTokens(const MappedTokens&) = delete;

  const Header& header() const { return *static_cast<const Header*>(data_); }

  void check_header() const {
    const Header& h = header();
    check(std::memcmp(h.magic, kMagic, sizeof h.magic) == 0, "it is not a file of tokens");
    check(h.vocab_size > 0 && h.vocab_size <= kMaxVocabSize,
          "its vocabulary has {} tokens, and it is from 1 to {}", h.vocab_size, kMaxVocabSize);
    check(h.bytes_each == bytes_each(h.vocab_size), "a token has {} bytes, but {} tokens need {}",
          h.bytes_each, h.vocab_size, bytes_each(h.vocab_size));
    int64_t bytes = 0;
    const bool fits = h.train >= 0 && h.validation >= 0 &&
                      !__builtin_add_overflow(h.train, h.validation, &bytes) &&
                      !__builtin_mul_overflow(bytes, h.bytes_each, &bytes);
    const size_t left = length_ - sizeof(Header);
    check(fits && static_cast<size_t>(bytes) == left,
          "{} and {} tokens of {} bytes do not fit the {} bytes after its header", h.train,
          h.validation, h.bytes_each, left);
  }

  /// The ids from this position of the file on.
  void copy(int64_t first, int64_t length, int64_t* ids) const {
    if (header().bytes_each == 2)
      copy_as<uint16_t>(first, length, ids);
    else
      copy_as<uint32_t>(first, length, ids);
    for (int64_t i = 0; i < length; ++i)
      check(ids[i] < header().vocab_size, "id {} at position {} is not from 0 to {}", ids[i],
            first + i, header().vocab_size - 1);
  }

 private:
  template <class T>
  void copy_as(int64_t first, int64_t length, int64_t* ids) const {
    const auto* tokens =
        reinterpret_cast<const T*>(static_cast<const char*>(data_) + sizeof(Header));
    std::copy_n(tokens + first, length, ids);
  }

  void* data_ = MAP_FAILED;
  size_t length_ = 0;
};

std::pair<std::string_view, std::string_view> split_text(std::string_view text, double fraction) {
  gradus::check(fraction >= 0 && fraction < 1,
                "split_text: the fraction {} for validation is not from 0 to below 1", fraction);
  auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - fraction));
  const auto is_inside_character = [&] {
    return cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80;
  };
  for (int back = 0; back < 3 && is_inside_character(); ++back)
    --cut;
  return {text.substr(0, cut), text.substr(cut)};
}

Tensor TokenPart::tokens(int64_t begin, int64_t length) const {
  gradus::check(begin >= 0 && length >= 0 && begin <= size_ && length <= size_ - begin,
                "TokenFile: {} tokens from position {} on - this part has {}", length, begin,
                size_);
  const Tensor ids = empty(length, kInt64);
  file_->copy(first_ + begin, length, ids.data<int64_t>());
  return ids;
}

TokenFile::TokenFile(const std::string& path) : file_(std::make_shared<MappedTokens>(path)) {
  file_->check_header();
}

int64_t TokenFile::vocab_size() const { return file_->header().vocab_size; }

TokenPart TokenFile::train() const { return {file_, 0, file_->header().train}; }

TokenPart TokenFile::validation() const {
  return {file_, file_->header().train, file_->header().validation};
}

void TokenFile::save(const std::string& path, std::span<const int64_t> train,
                     std::span<const int64_t> validation, int64_t vocab_size) {
  gradus::check(vocab_size > 0 && vocab_size <= kMaxVocabSize,
                "TokenFile: vocab_size {} - it is from 1 to {}", vocab_size, kMaxVocabSize);
  OutputFile file(kTokenFile, path);
  Header header{.magic = {},
                .vocab_size = vocab_size,
                .bytes_each = bytes_each(vocab_size),
                .train = std::ssize(train),
                .validation = std::ssize(validation)};
  std::memcpy(header.magic, kMagic, sizeof header.magic);
  file.write(&header, sizeof header);
  for (const std::span<const int64_t> part : {train, validation}) {
    if (header.bytes_each == 2)
      write_tokens<uint16_t>(file, part, vocab_size);
    else
      write_tokens<uint32_t>(file, part, vocab_size);
  }
  file.finish();
}

}  // namespace gradus::text
