#include "exercises/checks.h"

#include "exercises/21_byte_pair_encoding/byte_pair_encoding.h"

using namespace gradus;

namespace {

const std::string kText =
    "she sells sea shells by the sea shore; the shells she sells are sea shells, for sure. ";

std::string in_words(const mine::Ids& ids) { return fmt::format("[{}]", fmt::join(ids, ", ")); }
std::string in_words(const std::vector<mine::Merge>& merges) {
  std::string text;
  for (const mine::Merge& m : merges)
    text += fmt::format("{}({}, {})", text.empty() ? "" : " ", m.left, m.right);
  return "[" + text + "]";
}
std::string in_words(const std::string& text) { return "\"" + text + "\""; }

template <class Result>
void expect_equal(const std::string& what, const Result& yours, const Result& right) {
  check(yours == right, "{} is {}, it must be {}", what, in_words(yours), in_words(right));
}

std::string all_bytes() {
  std::string text;
  for (int i = 0; i < 256; ++i)
    text += static_cast<char>(i);
  return text;
}

TEST(shape, one_token_for_each_byte) {
  expect_equal("encode of \"abc\" without merges", mine::encode("abc", {}), {97, 98, 99});
}

TEST(shape, bytes_are_not_negative) {
  // the letter e with an accent has two bytes, both larger than 127
  expect_equal("encode of \"\xC3\xA9\" without merges", mine::encode("\xC3\xA9", {}), {195, 169});
}

TEST(shape, empty_texts) {
  expect_equal("encode of \"\"", mine::encode("", {{97, 98}}), {});
  expect_equal("decode of no tokens", mine::decode({}, {{97, 98}}), std::string());
  expect_equal("learn from \"\"", mine::learn("", 10), {});
  expect_equal("learn from \"a\"", mine::learn("a", 10), {});
}

TEST(forward, the_most_frequent_pair) {
  expect_equal("the first merge of \"xabyabzab\"", mine::learn("xabyabzab", 1), {{97, 98}});
}

TEST(forward, merges_of_merges) {
  // ab four times, then (ab)(ab) twice; nothing else comes twice
  expect_equal("learn from \"ababxababy\", 2 merges", mine::learn("ababxababy", 2),
               {{97, 98}, {256, 256}});
}

TEST(forward, encode_in_the_order_of_learning) {
  // b c is merged first, so a b c is a (bc)
  expect_equal("encode of \"abc\" with the merges (b, c) (a, b)",
               mine::encode("abc", {{98, 99}, {97, 98}}), {97, 256});
  expect_equal("encode of \"abab\" with the merges (a, b) (ab, ab)",
               mine::encode("abab", {{97, 98}, {256, 256}}), {257});
}

TEST(forward, replaced_from_left_to_right) {
  expect_equal("encode of \"aaa\" with the merge (a, a)", mine::encode("aaa", {{97, 97}}),
               {256, 97});
  expect_equal("encode of \"aaaa\" with the merge (a, a)", mine::encode("aaaa", {{97, 97}}),
               {256, 256});
}

TEST(forward, decode_merges_of_merges) {
  expect_equal("decode of [258, 99] with the merges (a, b) (ab, ab) (abab, c)",
               mine::decode({258, 99}, {{97, 98}, {256, 256}, {257, 99}}), std::string("ababcc"));
}

TEST(forward, every_neighbour_is_counted) {
  // (a, a) comes 3 times in aaaa, (A, 1) twice
  expect_equal("the first merge of \"A1xA1yaaaa\"", mine::learn("A1xA1yaaaa", 1), {{97, 97}});
}

TEST(forward, ties_go_to_the_smallest_pair) {
  expect_equal("the first merge of \"zb.ac.zb.ac\", where (a, c) and others come twice",
               mine::learn("zb.ac.zb.ac", 1), {{46, 97}});
  expect_equal("the first merge of \"b2_b1-b2~b1\"", mine::learn("b2_b1-b2~b1", 1), {{98, 49}});
}

TEST(forward, stops_when_no_pair_comes_twice) {
  expect_equal("learn from \"abab\", 10 merges", mine::learn("abab", 10), {{97, 98}});
  expect_equal("learn from \"abcdef\", 10 merges", mine::learn("abcdef", 10), {});
}

TEST(forward, a_sentence) {
  // worked out by another program
  expect_equal("the first 8 merges of the shells", mine::learn(kText, 8),
               {{32, 115},
                {104, 101},
                {108, 108},
                {256, 101},
                {258, 115},
                {256, 257},
                {114, 101},
                {259, 97}});
}

TEST(invariants, any_text_survives) {
  const std::vector<mine::Merge> merges = mine::learn(kText, 30);
  for (const std::string& text : {kText, all_bytes(), std::string("sells \xE6\xB5\xB7 shells"),
                                  std::string(50, 's'), std::string("\0she\0", 5)})
    check(mine::decode(mine::encode(text, merges), merges) == text,
          "decode(encode(text)) is another text for {}",
          text == all_bytes() ? "the bytes 0 to 255" : in_words(text));
}

TEST(invariants, encode_agrees_with_learn) {
  // the text of 86 bytes has as many tokens as the merges leave
  const std::vector<mine::Merge> merges = mine::learn(kText, 30);
  const mine::Ids ids = mine::encode(kText, merges);
  check(ids.size() < kText.size() / 2, "with 30 merges the text still has {} tokens", ids.size());
  for (size_t i = 0; i + 1 < ids.size(); ++i)
    for (const mine::Merge& m : merges)
      check(ids[i] != m.left || ids[i + 1] != m.right,
            "({}, {}) is a merge, but the two are still neighbours at {}", m.left, m.right, i);
}

TEST(budget, a_page_of_text) {
  std::string page;
  for (int i = 0; i < 40; ++i)
    page += kText + std::to_string(i * i);
  const std::vector<mine::Merge> merges = mine::learn(page, 40);
  check(merges.size() == 40, "a page of {} bytes gives {} merges, not 40", page.size(),
        merges.size());
  check(mine::decode(mine::encode(page, merges), merges) == page,
        "decode(encode(page)) is another text");
}

}  // namespace
