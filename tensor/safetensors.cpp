// The safetensors format: 8 bytes with the length of the header, the header in JSON, and the
// elements of all tensors. The header is {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets":
// [0, 24]},
// ...}; the offsets are counted from the end of the header.
// Source: https://github.com/huggingface/safetensors#format
#include <algorithm>
#include <bit>
#include <cmath>

#include "tensor/factories.h"
#include "tensor/file_io.h"
#include "tensor/files.h"

namespace gradus {
namespace {

/// Converts a 16-bit IEEE float: 1 bit for the sign, 5 for the exponent (bias 15), 10 for the
/// fraction. A float has 8 and 23, and the bias 127.
float from_half(uint16_t bits) {
  // The difference of the biases is 112. The product is exact, also for subnormal numbers.
  const float magnitude = std::bit_cast<float>((bits & 0x7FFFu) << 13) * 0x1p112f;
  const float special = (bits & 0x3FFu) == 0 ? INFINITY : NAN;  // if the exponent is all ones
  const bool negative = bits >> 15 != 0;
  return std::copysign(magnitude < 0x1p16f ? magnitude : special, negative ? -1.0f : 1.0f);
}

using nlohmann::json;

constexpr int64_t kLengthBytes = 8;
constexpr int64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format
constexpr const char* kMetadata = "__metadata__";

struct StoredType {
  const char* name;
  DType dtype;
  int64_t bytes;
};
constexpr StoredType kStored[] = {{"F32", kFloat32, 4},   {"F64", kFloat64, 8},  // as DType
                                  {"I64", kInt64, 8},     {"BOOL", kBool, 1},
                                  {"BF16", kBFloat16, 2}, {"F16", kFloat32, 2}};

struct Entry {
  std::string name;
  const StoredType* type;  // null: the tensor is not wanted
  Shape sizes;
  int64_t begin;  // of its bytes, from the end of the header
  int64_t end;
};

/// Reads the entry of one tensor and checks that its dtype, shape and offsets agree.
Entry read_entry(const FileContext& file, const std::string& name, const json& info,
                 const SafetensorsOptions& options) {
  const std::string what = shown(name);
  for (const char* key : {"dtype", "shape", "data_offsets"})
    file.check(info.contains(key), "{} has no {}", what, key);
  file.check(info.size() == 3, "{} has more than a dtype, a shape and data_offsets", what);
  const json& dtype = info["dtype"];
  const auto* type =
      std::ranges::find_if(kStored, [&](const StoredType& t) { return dtype == t.name; });
  file.check(dtype.is_string(), "the dtype of {} is {}, not a string", what, shown(dtype));
  const bool wanted = !options.wanted || options.wanted(name, dtype.get<std::string>());
  file.check(!wanted || type != std::end(kStored),
             "{} is {}, not one of F32, F64, I64, BOOL, BF16 and F16", what, shown(dtype));
  const Shape sizes = file.integers("shape", what, info);
  const Shape offsets = file.integers("data_offsets", what, info);
  file.check(offsets.size() == 2, "{} has {} data_offsets, not 2", what, offsets.size());
  if (type == std::end(kStored)) {
    file.check(offsets[0] <= offsets[1], "the data_offsets of {} are {} and {}", what, offsets[0],
               offsets[1]);
    return {name, nullptr, sizes, offsets[0], offsets[1]};
  }
  const int64_t bytes = file.byte_count(what, sizes, type->bytes);
  file.check(bytes == offsets[1] - offsets[0],
             "{} is {} {}, {} bytes, but its data_offsets are {} and {}", what, type->name, sizes,
             bytes, offsets[0], offsets[1]);
  return {name, wanted ? type : nullptr, sizes, offsets[0], offsets[1]};
}

/// Reads all entries of a header. Each is read and dropped as soon as it is parsed: the parser's
/// time would grow with the square of the number of entries that it keeps.
std::vector<Entry> read_entries(const FileContext& file, const std::string& text,
                                const SafetensorsOptions& options) {
  std::vector<Entry> entries;
  std::string name;  // the last one in the outermost object
  const auto keep = [&](int depth, json::parse_event_t event, const json& value) {
    using Event = json::parse_event_t;
    if (event == Event::key && depth == 1) name = value.get<std::string>();
    if (event == Event::object_start) file.check(depth < 2, "the header is nested too deep");
    if (event == Event::array_start || event == Event::value)
      file.check(depth > 1, "{} is not an object", shown(name));
    if (event != Event::object_end || depth == 0) return true;
    if (name != kMetadata) {
      entries.push_back(read_entry(file, name, value, options));
      return false;
    }
    file.check(std::ranges::all_of(value, &json::is_string),
               "the metadata has a value that is not a string");
    if (options.metadata) *options.metadata = value;
    return false;
  };
  file.parse_header(text, keep);
  return entries;
}

Tensor read_entry_data(InputFile& file, const Entry& entry) {
  if (entry.type->bytes == element_size(entry.type->dtype))
    return file.read_tensor(shown(entry.name), entry.sizes, entry.type->dtype);
  const Tensor x = empty(entry.sizes, kFloat32);
  std::vector<uint16_t> bits(static_cast<size_t>(x.numel()));
  file.read(bits.data(), entry.end - entry.begin);
  std::transform(bits.begin(), bits.end(), x.data<float>(), from_half);
  return x;
}

/// Throws unless the tensors, which are in order, cover all bytes after the header exactly once.
void check_no_gaps(const InputFile& file, const std::vector<Entry>& entries) {
  int64_t end = 0;  // of the previous tensor
  for (const Entry& entry : entries) {
    file.check(entry.begin >= end, "{} begins at byte {}, and the tensor before it ends at {}",
               shown(entry.name), entry.begin, end);
    file.check(entry.begin == end, "bytes {} to {} belong to no tensor", end, entry.begin);
    end = entry.end;
  }
  file.check(end == file.left(), "its tensors need {} bytes, and it has {}", end, file.left());
}

}  // namespace

NamedTensors load_safetensors(const std::string& path, const SafetensorsOptions& options) {
  if (options.metadata) options.metadata->clear();
  InputFile file("load_safetensors", path);
  file.check(file.left() >= kLengthBytes, "it has {} bytes, too few for the length of a header",
             file.left());
  const std::string text = file.read_header(kLengthBytes, kMaxHeaderBytes);

  std::vector<Entry> entries = read_entries(file, text, options);
  const auto position = [](const Entry& entry) { return std::pair(entry.begin, entry.end); };
  std::ranges::stable_sort(entries, {}, position);
  check_no_gaps(file, entries);
  NamedTensors tensors;
  for (const Entry& entry : entries) {
    if (entry.type)
      tensors.emplace_back(entry.name, read_entry_data(file, entry));
    else
      file.skip(entry.end - entry.begin);
  }
  return tensors;
}

void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  OutputFile file("save_safetensors", path);
  NamedTensors in_order = tensors;
  for (const auto& [name, x] : in_order)
    file.check(x.defined(), "{} is undefined, it was never given a value", shown(name));
  const auto width = [](const auto& named) { return element_size(named.second.dtype()); };
  std::ranges::stable_sort(in_order, std::ranges::greater(), width);
  json header = json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  int64_t end = 0;
  for (const auto& [name, x] : in_order) {
    file.check(name != kMetadata, "no tensor can have the name {}", shown(name));
    file.check(!header.contains(name), "two tensors have the name {}", shown(name));
    const StoredType& type = kStored[static_cast<size_t>(x.dtype())];
    const int64_t begin = end;
    end += file.byte_count(shown(name), x.sizes(), type.bytes);
    header[name] = {
        {"dtype", type.name}, {"shape", x.sizes().vec()}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    file.check(false, "a name or the metadata is not valid UTF-8");
  }
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  const uint64_t length = text.size();
  file.check(length <= kMaxHeaderBytes, "the header has {} bytes, the limit is {}", length,
             kMaxHeaderBytes);
  file.write(&length, kLengthBytes);
  file.write(text.data(), static_cast<int64_t>(length));
  for (const auto& [name, x] : in_order)
    file.write(x);
  file.finish();
}

}  // namespace gradus
