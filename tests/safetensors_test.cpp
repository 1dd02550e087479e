// safetensors files: round trips, 16-bit floats, and invalid files.
#include <cmath>

#include "tests/files_support.h"

namespace gradus::safetensors_test {
namespace {
using namespace std::string_literals;
using Safetensors = Files;

TEST_F(Safetensors, KeepsEveryDtypeAndShape) {
  for (const DType t : kAll) {
    for (const Shape& sizes : kShapes) {
      const Tensor x = counted(sizes, t);
      save_safetensors(path("x"), {{"x", x}});
      const NamedTensors back = load_safetensors(path("x"));
      ASSERT_EQ(back.size(), 1u);
      EXPECT_EQ(back[0].first, "x");
      EXPECT_TRUE(same(back[0].second, x)) << name(t) << " " << sizes;
      EXPECT_FALSE(back[0].second.requires_grad());
    }
  }
}

TEST_F(Safetensors, WritesTheWidestElementsFirstElseInTheGivenOrder) {
  const NamedTensors tensors = {{"mask", counted({3}, kBool)},
                                {"b", counted({2}, kFloat32)},
                                {"a", counted({2}, kFloat32)},
                                {"none", counted({0}, kFloat32)},
                                {"ids", counted({1}, kInt64)}};
  save_safetensors(path("x"), tensors, {{"format", "pt"}, {"steps", "1000"}});
  const std::string header = R"({"__metadata__":{"format":"pt","steps":"1000"},)"
                             R"("a":{"data_offsets":[16,24],"dtype":"F32","shape":[2]},)"
                             R"("b":{"data_offsets":[8,16],"dtype":"F32","shape":[2]},)"
                             R"("ids":{"data_offsets":[0,8],"dtype":"I64","shape":[1]},)"
                             R"("mask":{"data_offsets":[24,27],"dtype":"BOOL","shape":[3]},)"
                             R"("none":{"data_offsets":[24,24],"dtype":"F32","shape":[0]}})";
  const std::string bytes = bytes_of("x");
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  const size_t padded = (header.size() + 7) / 8 * 8;
  EXPECT_EQ(bytes.substr(0, 8), little_endian(padded, 8));
  EXPECT_EQ(bytes.size(), 8 + padded + 27);
  std::vector<std::string> names;
  for (const auto& [name, x] : load_safetensors(path("x")))
    names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"ids", "b", "a", "none", "mask"}));
}

TEST_F(Safetensors, WritesViewsByValue) {
  const Tensor x = counted({3, 4}, kFloat32);
  const NamedTensors views = {{"transposed", x.as_view({4, 3}, {1, 4}, 0)},
                              {"column", x.as_view({3}, {4}, 2)},
                              {"rows", x.as_view({2, 4}, {4, 1}, 4)},
                              {"expanded", x.as_view({2, 3}, {0, 4}, 1)}};
  save_safetensors(path("x"), views);
  const NamedTensors back = load_safetensors(path("x"));
  ASSERT_EQ(back.size(), views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(back[i].first, views[i].first);
    EXPECT_TRUE(same(back[i].second, views[i].second)) << views[i].first;
    EXPECT_TRUE(back[i].second.is_contiguous());
  }
}

TEST_F(Safetensors, KeepsOddNamesAndNoTensorsAtAll) {
  save_safetensors(path("none"), {});
  EXPECT_TRUE(load_safetensors(path("none")).empty());
  const NamedTensors odd = {{"", counted({1}, kFloat32)},
                            {"tränen \"\\\n\x01 ∂", counted({2}, kFloat32)}};
  save_safetensors(path("odd"), odd);
  const NamedTensors back = load_safetensors(path("odd"));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].first, odd[0].first);
  EXPECT_EQ(back[1].first, odd[1].first);
}

TEST_F(Safetensors, ReadsNumbersOfTwoBytes) {
  const std::vector<std::pair<uint16_t, float>> f16 = {
      {0x0000, 0.f},      {0x8000, -0.f},        {0x0001, 0x1p-24f}, {0x83FF, -0x1.FF8p-15f},
      {0x0400, 0x1p-14f}, {0x3555, 0x1.554p-2f}, {0x3C00, 1.f},      {0xC000, -2.f},
      {0x7BFF, 65504.f},  {0x7C00, INFINITY},    {0xFC00, -INFINITY}};
  const std::vector<std::pair<uint16_t, float>> bf16 = {{0x0000, 0.f},       {0x8000, -0.f},
                                                        {0x3F80, 1.f},       {0xC049, -3.140625f},
                                                        {0x0001, 0x1p-133f}, {0x7F80, INFINITY}};
  std::string data;
  for (const auto* list : {&f16, &bf16}) {
    for (const auto& [bits, value] : *list)
      data += little_endian(bits, 2);
    data += little_endian(0x7FC0, 2);  // NaN in both
  }
  const std::string header = R"({"f":{"dtype":"F16","shape":[2,6],"data_offsets":[0,24]},)"
                             R"("b":{"dtype":"BF16","shape":[7],"data_offsets":[24,38]}})";
  const NamedTensors back = load_safetensors(put("x", safetensors(header, data)));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].second.dtype(), kFloat32);
  EXPECT_EQ(back[1].second.dtype(), kBFloat16);
  for (const auto& [tensor, list] :
       {std::pair(back[0].second, f16), std::pair(back[1].second.to(kFloat32), bf16)}) {
    const float* values = tensor.data<float>();
    for (size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(values[i], list[i].second) << i;
      EXPECT_EQ(std::signbit(values[i]), std::signbit(list[i].second)) << i;
    }
    EXPECT_TRUE(std::isnan(values[list.size()]));
  }
  EXPECT_EQ(back[0].second.sizes(), (Shape{2, 6}));
}

TEST_F(Safetensors, ReadsTheMetadata) {
  std::map<std::string, std::string> metadata{{"old", "value"}};
  save_safetensors(path("none"), {{"x", counted({1}, kFloat32)}});
  load_safetensors(path("none"), {.metadata = &metadata});
  EXPECT_TRUE(metadata.empty());
  std::map<std::string, std::string> given{{"format", "pt"}, {"step", "7"}};
  given[""] = "∂ \n\"{}";
  save_safetensors(path("x"), {{"x", counted({1}, kFloat32)}}, given);
  EXPECT_EQ(load_safetensors(path("x"), {.metadata = &metadata}).size(), 1u);
  EXPECT_EQ(metadata, given);
  load_safetensors(put("empty", safetensors(R"({"__metadata__":{}})", "")),
                   {.metadata = &metadata});
  EXPECT_TRUE(metadata.empty());
}

TEST_F(Safetensors, SkipsTensorsThatAreNotWanted) {
  const std::string header = R"({"bias":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                             R"("w":{"dtype":"F32","shape":[1],"data_offsets":[3,7]},)"
                             R"("flags":{"dtype":"BOOL","shape":[2],"data_offsets":[7,9]},)"
                             R"("new":{"dtype":"F4","shape":[5],"data_offsets":[9,12]},)"
                             R"("b":{"dtype":"F16","shape":[1],"data_offsets":[12,14]}})";
  // The bools are not 0 or 1, which matters only to those who read them.
  const std::string data = "\1\2\3"s + "\0\0\x80\x3F"s + "\7\7"s + "abc"s + "\0\x40"s;
  put("x", safetensors(header, data));
  std::vector<std::string> seen;
  const auto is_float = [&](const std::string& name, const std::string& dtype) {
    seen.push_back(name + " " + dtype);
    return dtype == "F32" || dtype == "F16";
  };
  const NamedTensors read = load_safetensors(path("x"), {.wanted = is_float});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].first, "w");
  EXPECT_EQ(read[0].second.item<double>(), 1);
  EXPECT_EQ(read[1].first, "b");
  EXPECT_EQ(read[1].second.item<double>(), 2);
  EXPECT_EQ(seen, (std::vector<std::string>{"bias U8", "w F32", "flags BOOL", "new F4", "b F16"}));
  const auto none = [](const std::string&, const std::string&) { return false; };
  EXPECT_TRUE(load_safetensors(path("x"), {.wanted = none}).empty());

  const std::string start = "load_safetensors: " + path("x") + ": ";
  EXPECT_EQ(error_of([&] { load_safetensors(path("x")); }),
            start + "'bias' is 'U8', not one of F32, F64, I64, BOOL, BF16 and F16");
  // Their places in the file must be right all the same.
  const auto error = [&](const std::string& entry, const std::string& bytes) {
    put("x", safetensors(R"({"a":{"dtype":)" + entry + "}}", bytes));
    return error_of([&] { load_safetensors(path("x"), {.wanted = none}); });
  };
  EXPECT_EQ(error(R"("U8","shape":[1],"data_offsets":[3,1])", ""),
            start + "the data_offsets of 'a' are 3 and 1");
  EXPECT_EQ(error(R"("U8","shape":[1],"data_offsets":[0,1])", "ab"),
            start + "its tensors need 1 bytes, and it has 2");
  EXPECT_EQ(error(R"("U8","shape":[1],"data_offsets":[1,2])", "ab"),
            start + "bytes 0 to 1 belong to no tensor");
  EXPECT_EQ(error(R"("F32","shape":[1],"data_offsets":[0,2])", "ab"),
            start + "'a' is F32 [1], 4 bytes, but its data_offsets are 0 and 2");
}

TEST_F(Safetensors, RefusesHostileFiles) {
  const std::string a = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string eight(8, '\0');
  const auto entry = [](const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}}";
  };
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
           R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
  };
  // All other files differ from this one.
  ASSERT_EQ(load_safetensors(put("x", safetensors(a, eight))).size(), 1u);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it has 0 bytes, too few for the length of a header"},
      {"\x02\0\0"s, "it has 3 bytes, too few for the length of a header"},
      {"Hello, I am a text",
       "the header should have 5269260421095515464 bytes, the limit is 100000000"},
      {std::string(8, '\xFF'),
       "the header should have 18446744073709551615 bytes, the limit is 100000000"},
      {little_endian(100'000'000, 8) + a,
       "the header should have 100000000 bytes, and only 54 follow"},
      {safetensors(a, "").substr(0, 60), "the header should have 54 bytes, and only 52 follow"},
      {safetensors("", ""), "the header does not begin with an opening brace"},
      {safetensors(" " + a, eight), "the header does not begin with an opening brace"},
      {safetensors("[]", ""), "the header does not begin with an opening brace"},
      {safetensors("{", ""), "the header is not JSON"},
      {safetensors(a + "x", eight), "the header is not JSON"},
      {safetensors(a + "\0"s, eight), "the header is not JSON"},
      {safetensors("{\"\xFF\":1}", ""), "the header is not JSON"},
      {safetensors("{\"\xED\xA0\x80\":1}", ""), "the header is not JSON"},
      {safetensors(R"({"\ud800":1})", ""), "the header is not JSON"},
      {safetensors(R"({"a":1e999})", ""), "the header is not JSON"},
      {safetensors("{\"a\":{\"b\":" + std::string(1'000'000, '['), ""),
       "the header is nested too deep"},
      {safetensors(R"({"a":{"b":{}}})", ""), "the header is nested too deep"},
      {safetensors(R"({"a":{"b":[{}]}})", ""), "the header is nested too deep"},
      {safetensors(a.substr(0, a.size() - 1) + R"(,"a":{}})", eight), "the header names 'a' twice"},
      {safetensors(R"({"a":{"dtype":"F32","dtype":"F64"}})", ""), "the header names 'dtype' twice"},
      {safetensors(R"({"a":3})", ""), "'a' is not an object"},
      {safetensors(R"({"a":[[]]})", ""), "'a' is not an object"},
      {safetensors(R"({"a\u001b[31m\n":[]})", ""), R"('a\u001b[31m\n' is not an object)"},
      {safetensors("{\"" + std::string(1000, 'n') + "\":[]}", ""),
       "'" + std::string(79, 'n') + "... is not an object"},
      {safetensors(R"({"a":{"dtype":"F32","shape":[2]}})", eight), "'a' has no data_offsets"},
      {safetensors(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}})", eight),
       "'a' has more than a dtype, a shape and data_offsets"},
      {safetensors(entry(R"("I32")", "[2]", "[0,8]"), eight),
       "'a' is 'I32', not one of F32, F64, I64, BOOL, BF16 and F16"},
      {safetensors(entry("4", "[2]", "[0,8]"), eight), "the dtype of 'a' is 4, not a string"},
      {safetensors(entry(R"("F32")", "2", "[0,8]"), eight), "the shape of 'a' is not a list"},
      {safetensors(entry(R"("F32")", "[2.0]", "[0,8]"), eight),
       "the shape of 'a' has 2.0, not an integer from 0 to 2^63 - 1"},
      {safetensors(entry(R"("F32")", "[-2,-1]", "[0,8]"), eight),
       "the shape of 'a' has -2, not an integer from 0 to 2^63 - 1"},
      {safetensors(entry(R"("F32")", "[2]", "[0,9223372036854775808]"), eight),
       "the data_offsets of 'a' has 9223372036854775808, not an integer from 0 to 2^63 - 1"},
      {safetensors(entry(R"("F32")", "[2]", "[0,1e30]"), eight),
       "the data_offsets of 'a' has 1e+30, not an integer from 0 to 2^63 - 1"},
      {safetensors(entry(R"("F32")", "[null]", "[0,8]"), eight),
       "the shape of 'a' has null, not an integer from 0 to 2^63 - 1"},
      {safetensors(entry(R"("F32")", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), eight),
       "the header has a list of more than 8 numbers"},
      {safetensors(entry(R"("F32")", "[2]", "[8]"), eight), "'a' has 1 data_offsets, not 2"},
      {safetensors(entry(R"("F32")", "[2]", "[8,0]"), eight),
       "'a' is F32 [2], 8 bytes, but its data_offsets are 8 and 0"},
      {safetensors(entry(R"("F64")", "[2]", "[0,8]"), eight),
       "'a' is F64 [2], 16 bytes, but its data_offsets are 0 and 8"},
      {safetensors(entry(R"("F32")", "[4294967296,4294967296]", "[0,0]"), ""),
       "'a' has the shape [4294967296, 4294967296], more than memory can hold"},
      {safetensors(entry(R"("F32")", "[0,4611686018427387904,4]", "[0,0]"), ""),
       "'a' has the shape [0, 4611686018427387904, 4], more than memory can hold"},
      {safetensors(entry(R"("F32")", "[250000000000]", "[0,1000000000000]"), eight),
       "its tensors need 1000000000000 bytes, and it has 8"},
      {safetensors(a, eight.substr(1)), "its tensors need 8 bytes, and it has 7"},
      {safetensors(a, eight + "!"), "its tensors need 8 bytes, and it has 9"},
      {safetensors("{}", "!"), "its tensors need 0 bytes, and it has 1"},
      {safetensors(two("[0,4]", "[0,4]"), eight),
       "'b' begins at byte 0, and the tensor before it ends at 4"},
      {safetensors(two("[2,6]", "[0,4]"), eight),
       "'a' begins at byte 2, and the tensor before it ends at 4"},
      {safetensors(two("[0,4]", "[6,10]"), eight + "!!"), "bytes 4 to 6 belong to no tensor"},
      {safetensors(two("[4,8]", "[8,12]"), eight + "four"), "bytes 0 to 4 belong to no tensor"},
      {safetensors(entry(R"("BOOL")", "[3]", "[0,3]"), "\0\1\2"s),
       "'a' is bool, and element 2 is the byte 2, neither 0 nor 1"},
      {safetensors(R"({"__metadata__":{"step":1}})", ""),
       "the metadata has a value that is not a string"},
      {safetensors(R"({"__metadata__":"pt"})", ""), "'__metadata__' is not an object"},
  };
  for (const auto& [bytes, message] : cases) {
    put("x", bytes);
    EXPECT_EQ(error_of([&] { load_safetensors(path("x")); }),
              "load_safetensors: " + path("x") + ": " + message);
  }
}

TEST_F(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  const Tensor x = counted({1}, kFloat32);
  const auto error = [&](const NamedTensors& tensors,
                         const std::map<std::string, std::string>& metadata = {}) {
    return error_of([&] { save_safetensors(path("x"), tensors, metadata); });
  };
  const std::string start = "save_safetensors: " + path("x") + ": ";
  EXPECT_EQ(error({{"a", x}, {"b", x}, {"a", x}}), start + "two tensors have the name 'a'");
  EXPECT_EQ(error({{"__metadata__", x}}), start + "no tensor can have the name '__metadata__'");
  EXPECT_EQ(error({{"\xFF", x}}), start + "a name or the metadata is not valid UTF-8");
  EXPECT_EQ(error({{"a", x}}, {{"k", "\xC0"}}),
            start + "a name or the metadata is not valid UTF-8");
  EXPECT_EQ(error({{"a", Tensor()}}), start + "'a' is undefined, it was never given a value");
  EXPECT_EQ(files_in_folder(), 0u);
}

}  // namespace
}  // namespace gradus::safetensors_test
