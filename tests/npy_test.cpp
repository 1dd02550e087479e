// .npy files: round trips, the bytes that NumPy writes, and invalid files.
#include "tests/files_support.h"

namespace gradus::npy_test {
namespace {
using namespace std::string_literals;
using Npy = Files;

TEST_F(Npy, KeepsEveryDtypeAndShape) {
  for (const DType t : kAll) {
    for (const Shape& sizes : kShapes) {
      const Tensor x = counted(sizes, t);
      save_npy(path("x"), x);
      EXPECT_TRUE(same(load_npy(path("x")), x)) << name(t) << " " << sizes;
      EXPECT_EQ((bytes_of("x").size() - static_cast<size_t>(x.numel() * element_size(t))) % 64, 0u);
    }
  }
  const Tensor x = counted({3, 4}, kInt64);
  const Tensor view = x.as_view({4, 2}, {1, 8}, 0);
  save_npy(path("x"), view);
  EXPECT_TRUE(same(load_npy(path("x")), view));
}

TEST_F(Npy, WritesTheBytesOfNumpySave) {
  const auto head = [](const std::string& dict) {
    return dict + std::string(117 - dict.size(), ' ') + "\n";
  };
  save_npy(path("x"), counted({2, 3}, kFloat32));
  EXPECT_EQ(bytes_of("x"), npy(head("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"),
                               "\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xA0@\0\0\xC0@"s));
  save_npy(path("x"), counted({2}, kInt64));
  EXPECT_EQ(bytes_of("x"), npy(head("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }"),
                               little_endian(1, 8) + little_endian(2, 8)));
  save_npy(path("x"), counted({}, kBool));
  EXPECT_EQ(bytes_of("x"),
            npy(head("{'descr': '|b1', 'fortran_order': False, 'shape': (), }"), "\1"));
}

TEST_F(Npy, ReadsEveryVersionBothOrdersAndAnySpacing) {
  const std::string data = little_endian(1, 8) + little_endian(2, 8) + little_endian(3, 8) +
                           little_endian(4, 8) + little_endian(5, 8) + little_endian(6, 8);
  const Tensor x = counted({2, 3}, kInt64);
  for (const char version : {'\1', '\2', '\3'}) {
    put("x", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }\n", data, version));
    EXPECT_TRUE(same(load_npy(path("x")), x));
  }
  put("x", npy("{'shape':( 2,3 ,\r\n ),\t'fortran_order' :False,'descr':'<i8' , \n }", data));
  EXPECT_TRUE(same(load_npy(path("x")), x));
  // NumPy writes this for arange(1, 7).reshape(2, 3).T.
  put("x", npy("{'descr': '<i8', 'fortran_order': True, 'shape': (3, 2), }", data));
  EXPECT_TRUE(same(load_npy(path("x")), x.as_view({3, 2}, {1, 3}, 0)));
  EXPECT_TRUE(load_npy(path("x")).is_contiguous());
  put("x", npy("{'descr': '<i8', 'fortran_order': True, 'shape': (1, 2, 3), }", data));
  EXPECT_EQ(to_string(load_npy(path("x"))), "tensor([[[1, 3, 5],\n         [2, 4, 6]]])");
  put("x", npy("{'descr': '<i8', 'fortran_order': True, 'shape': (6,), }", data));
  EXPECT_TRUE(same(load_npy(path("x")), counted({6}, kInt64)));
}

TEST_F(Npy, ReadsTheHeadersThatNumpyReads) {
  const auto header = [](const std::string& descr, const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }";
  };
  const auto loads = [&](const std::string& text, const Shape& sizes, DType t) {
    put("x", npy(text, std::string(24, '\0')));
    const Tensor x = load_npy(path("x"));
    EXPECT_TRUE(same(x, zeros(sizes, t))) << text;
  };
  loads(header("'<f4'", "(2L, 3L)"), {2, 3}, kFloat32);  // Python 2
  loads(header("'<i8'", "(3L,)"), {3}, kInt64);
  for (const char* descr :
       {"'<f4'", "'=f4'", "'f4'", "'|f4'", "\"<f4\"", "'<f'", "'float32'", "'single'"})
    loads(header(descr, "(2, 3)"), {2, 3}, kFloat32);
  for (const char* descr : {"'=f8'", "'d'", "'float64'"})
    loads(header(descr, "(3,)"), {3}, kFloat64);
  for (const char* descr : {"'=i8'", "'q'", "'<l'", "'int64'"})
    loads(header(descr, "(3,)"), {3}, kInt64);
  for (const char* descr : {"'b1'", "'=b1'", "'>b1'", "'?'", "'<?'", "'bool'", "'bool_'"})
    loads(header(descr, "(24,)"), {24}, kBool);
  loads("{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 3)}", {2, 3}, kFloat32);
  loads(" \t" + header("'<f4'", "(2, 3)"), {2, 3}, kFloat32);
}

TEST_F(Npy, RefusesHostileFiles) {
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const std::string eight(8, '\0');
  const auto described = [](const std::string& descr) {
    return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2,), }";
  };
  const auto shaped = [](const std::string& shape) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}";
  };
  const auto ordered = [](const std::string& order) {
    return "{'descr': '<f4', 'fortran_order': " + order + ", 'shape': (2,), }";
  };
  const auto has = [](const std::string& size) {
    return "the shape of the array has " + size + ", not an integer from 0 to 2^63 - 1";
  };
  // All other files differ from this one.
  ASSERT_EQ(load_npy(put("x", npy(dict, eight))).sizes(), Shape{2});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "it has 0 bytes, too few for a header"},
      {"\x93NUMPY\1\0\x10"s, "it has 9 bytes, too few for a header"},
      {"PK\3\4 a zip of arrays", "it is not a .npy file"},
      {npy(dict, eight, 4), "it has format 4.0, not 1.0, 2.0 or 3.0"},
      {npy(dict, eight, '\xFF'), "it has format 255.0, not 1.0, 2.0 or 3.0"},
      {"\x93NUMPY\1\7"s + dict, "it has format 1.7, not 1.0, 2.0 or 3.0"},
      {npy(std::string(10'001, ' '), ""), "the header should have 10001 bytes, the limit is 10000"},
      {"\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}"s,
       "the header should have 4294967295 bytes, the limit is 10000"},
      {npy(dict, "").substr(0, 40), "the header should have 57 bytes, and only 30 follow"},
      {"\x93NUMPY\2\0\0\0"s, "it has 10 bytes, too few for a header"},
      {npy("", ""), "it has 10 bytes, too few for a header"},
      {npy("     ", ""), "the header does not begin with an opening brace"},
      {npy(std::string(9000, '('), ""), "the header does not begin with an opening brace"},
      {npy("(1,)", ""), "the header does not begin with an opening brace"},
      {npy("\xEF\xBB\xBF" + dict, eight), "the header does not begin with an opening brace"},
      {npy("{'descr': '<f4'", ""), "the header is not a Python dict"},
      {npy("{'descr': '<f4}", ""), "the header has a string without an end"},
      {npy("{'descr': '<f4\\'', }", ""), "the header has a string with an escape or a quote"},
      {npy("{'descr': '<f4',, }", ""), "the header is not a Python dict"},
      {npy("{,}", ""), "the header has no descr"},
      {npy("{'descr': \"<f4\", }", ""), "the header has no fortran_order"},
      {npy("{'descr': [('x', '<f4')], }", ""),
       "the header has [, which no array of numbers or bools needs"},
      {npy("{'order': 1}", ""), "the header has no descr"},
      {npy(dict.substr(0, dict.size() - 1) + "'order': 1}", eight),
       "the header has more than descr, fortran_order and shape"},
      {npy("{'descr': '<f4', 'descr': '<f4'}", ""), "the header names 'descr' twice"},
      {npy("{'descr': '<f4', 'shape': (2,)}", eight), "the header has no fortran_order"},
      {npy("{}", eight), "the header has no descr"},
      {npy(ordered("0"), eight), "fortran_order is 0, neither True nor False"},
      {npy(ordered("'True'"), eight), "fortran_order is 'True', neither True nor False"},
      {npy(ordered("true"), eight),
       "the header has 'true', which no array of numbers or bools needs"},
      {npy(ordered("false"), eight),
       "the header has 'false', which no array of numbers or bools needs"},
      {npy(ordered("None"), eight),
       "the header has 'None', which no array of numbers or bools needs"},
      {npy(dict + "x", eight), "the header has 'x', which no array of numbers or bools needs"},
      {npy(dict + "\0"s, eight), "the header is not a Python dict"},
      {npy(described(">f4"), eight),
       "the array is '>f4', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described("<float32"), eight),
       "the array is '<float32', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described(""), eight),
       "the array is '', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described("<i4"), eight),
       "the array is '<i4', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described("|O"), eight),
       "the array is '|O', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described("\x1B[2J"), eight), "the header is not a Python dict"},
      {npy(described("\n"), eight), "the header is not a Python dict"},
      {npy(described("\xFF"), eight), "the header is not a Python dict"},
      {npy(described("\x7F\xC3\xA9"), eight),
       "the array is '\\u007f\\u00e9', not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(described(std::string(9000, 'f')), eight),
       "the array is '" + std::string(79, 'f') +
           "..., not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy("{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (2,), }", eight),
       "the array is [\"<f4\",[2]], not little-endian '<f4', '<f8' or '<i8', nor '|b1'"},
      {npy(shaped("2"), eight), "the shape of the array is not a list"},
      {npy(shaped("(2)"), eight), "the shape of the array has a comma too many or too few"},
      {npy(shaped("(2 1)"), eight), "the header is not a Python dict"},
      {npy(shaped("(,)"), eight), "the shape of the array has a comma too many or too few"},
      {npy(shaped("(2,,)"), eight), "the header is not a Python dict"},
      {npy(shaped("(-2,)"), eight), has("-2")},
      {npy(shaped("(02,)"), eight), "the header is not a Python dict"},
      {npy(shaped("(9223372036854775808,)"), eight), has("9223372036854775808")},
      {npy(shaped("(18446744073709551616,)"), eight), has("1.8446744073709552e+19")},
      {npy(shaped("(1" + std::string(9000, '0') + ",)"), eight), "the header is not a Python dict"},
      {npy(shaped("(True,)"), eight), has("true")},
      {npy(shaped("((2,),)"), eight), has("[2]")},
      {npy(shaped("({'a': 2},)"), eight), "the header is nested too deep"},
      {npy(shaped("((((2,),),),)"), eight), "the header is nested too deep"},
      {npy(shaped(std::string(4900, '(') + std::string(4900, ')')), eight),
       "the header is nested too deep"},
      {npy("{'descr': " + std::string(9900, '('), eight), "the header is nested too deep"},
      {npy(shaped("(2.0,)"), eight), has("2.0")},
      {npy(shaped("(1,1,1,1,1,1,1,1,2)"), eight), "the header has a list of more than 8 numbers"},
      {npy(shaped("(4294967296, 4294967296)"), ""),
       "the array has the shape [4294967296, 4294967296], more than memory can hold"},
      {npy(shaped("(0, 4611686018427387904, 4)"), ""),
       "the array has the shape [0, 4611686018427387904, 4], more than memory can hold"},
      {npy(shaped("(250000000000,)"), eight),
       "the array is float32 [250000000000], 1000000000000 bytes, and 8 follow the header"},
      {npy(dict, eight.substr(1)), "the array is float32 [2], 8 bytes, and 7 follow the header"},
      {npy(dict, eight + "!"), "the array is float32 [2], 8 bytes, and 9 follow the header"},
      {npy(described("|b1"), "\1\x80"),
       "the array is bool, and element 1 is the byte 128, neither 0 nor 1"},
  };
  for (const auto& [bytes, message] : cases) {
    put("x", bytes);
    EXPECT_EQ(error_of([&] { load_npy(path("x")); }), "load_npy: " + path("x") + ": " + message);
  }
}

}  // namespace
}  // namespace gradus::npy_test
