// Einstein summation. Each letter of the equation names a dimension: equal letters have the same
// index, and letters that the output does not have are summed.
//
// Operands are multiplied from left to right, each with the product so far, as matrices:
//
//   y[batch, left, right] = sum over shared of a[batch, left, shared] b[batch, shared, right]
//
//   batch        the letters of both that are needed later: for the output or another operand
//   shared       the letters of both that are not
//   left, right  the letters of one of them; those not needed later are summed before
//
// The dimensions of an ellipsis are named too, by the characters 1 (the last one), 2, 3, ...
#include <array>
#include <cctype>

#include "autograd/ops.h"
#include "tensor/checks.h"

namespace gradus {
namespace {

/// A dimension's letter, or that of an ellipsis.
using Letters = std::string;
constexpr char kEllipsis = '.';

bool has_letter(const Letters& letters, char letter) {
  return letters.find(letter) != Letters::npos;
}
std::string in_words(char letter) {
  if (std::isalpha(static_cast<unsigned char>(letter)) != 0) return fmt::format("'{}'", letter);
  return fmt::format("dimension -{} of the ellipsis", int{letter});
}

struct EinsumEquation {
  std::vector<Letters> operands;
  std::optional<Letters> output;
};

/// "i...j" as "i.j".
Letters read_letters(const std::string& equation, const std::string& term) {
  Letters letters;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ') continue;
    if (term.compare(i, 3, "...") == 0) {
      check(!has_letter(letters, kEllipsis), "einsum: \"{}\" of \"{}\" has two ellipses", term,
            equation);
      letters += kEllipsis;
      i += 2;
      continue;
    }
    check(term[i] != '.', "einsum: a '.' in \"{}\" is not part of an ellipsis (...)", equation);
    check(std::isalpha(static_cast<unsigned char>(term[i])) != 0,
          "einsum: '{}' in \"{}\" is not a letter", term[i], equation);
    letters += term[i];
  }
  return letters;
}

EinsumEquation read_equation(const std::string& equation) {
  EinsumEquation read;
  const size_t arrow = equation.find("->");
  if (arrow != std::string::npos) read.output = read_letters(equation, equation.substr(arrow + 2));
  const std::string operands = equation.substr(0, arrow);
  size_t begin = 0;
  while (true) {
    const size_t comma = operands.find(',', begin);
    read.operands.push_back(read_letters(equation, operands.substr(begin, comma - begin)));
    if (comma == std::string::npos) return read;
    begin = comma + 1;
  }
}

/// The letters with `dims` dimensions in place of an ellipsis.
Letters with_ellipsis(Letters letters, int64_t dims) {
  const size_t at = letters.find(kEllipsis);
  if (at == Letters::npos) return letters;
  Letters numbered;
  for (int64_t d = dims; d > 0; --d)
    numbered += static_cast<char>(d);
  return letters.replace(at, 1, numbered);
}

/// A tensor whose dimensions are named by letters.
struct EinsumOperand {
  Tensor x;
  Letters letters;

  size_t dim_of(char letter) const { return letters.find(letter); }
  int64_t size_of(char letter) const { return x.sizes()[dim_of(letter)]; }
  int64_t numel_of(const Letters& some) const {
    int64_t product = 1;
    for (const char letter : some)
      product *= size_of(letter);
    return product;
  }
  /// Removes a dimension of size 1.
  void squeeze_letter(char letter) {
    x = select(x, static_cast<int64_t>(dim_of(letter)), 0);
    letters.erase(dim_of(letter), 1);
  }
  /// Sums over the letters that `is_needed` denies.
  template <class F>
  void sum_unless(const F& is_needed) {
    Shape dims;
    Letters kept;
    for (size_t d = 0; d < letters.size(); ++d) {
      if (is_needed(letters[d]))
        kept += letters[d];
      else
        dims.push_back(static_cast<int64_t>(d));
    }
    if (dims.empty()) return;
    x = sum(x, dims);
    letters = kept;
  }
  /// x with its dimensions in the order of the letters.
  Tensor in_order(const Letters& order) const {
    Shape dims;
    for (const char letter : order)
      dims.push_back(static_cast<int64_t>(dim_of(letter)));
    return permute(x, dims);
  }
};

/// Names the dimensions of operand number k. A letter that is repeated becomes a diagonal.
EinsumOperand name_dims(const std::string& equation, size_t k, const Letters& given,
                        const Tensor& x) {
  const int64_t named = std::ssize(given) - (has_letter(given, kEllipsis) ? 1 : 0);
  const int64_t rest = x.dim() - named;
  check(has_letter(given, kEllipsis) ? rest >= 0 : rest == 0,
        "einsum: \"{}\" names {} dimensions of operand {}, which is {}", equation, named, k,
        x.sizes());
  EinsumOperand operand{x, with_ellipsis(given, rest)};
  for (size_t d = 0; d < operand.letters.size();) {
    const char letter = operand.letters[d];
    const size_t again = operand.letters.find(letter, d + 1);
    if (again == Letters::npos) {
      ++d;
      continue;
    }
    const int64_t size = operand.x.sizes()[d];
    const int64_t other = operand.x.sizes()[again];
    if (size != other) [[unlikely]]
      fail("einsum: the sizes of {}, which \"{}\" repeats in operand {}, are {} and {}",
           in_words(letter), equation, k, size, other);
    operand.x = diagonal(operand.x, 0, static_cast<int64_t>(d), static_cast<int64_t>(again));
    operand.letters.erase(again, 1);
    operand.letters.erase(d, 1);
    operand.letters += letter;
  }
  return operand;
}

/// Throws if the sizes of a letter do not broadcast.
void check_sizes(const std::string& equation, const std::vector<EinsumOperand>& operands) {
  std::array<int64_t, 128> sizes;
  sizes.fill(1);
  for (size_t k = 0; k < operands.size(); ++k) {
    for (const char letter : operands[k].letters) {
      int64_t& size = sizes[static_cast<unsigned char>(letter)];
      const int64_t here = operands[k].size_of(letter);
      if (size != here && size != 1 && here != 1) [[unlikely]]
        fail("einsum: {} of \"{}\" has size {} in operand {}, and {} before", in_words(letter),
             equation, here, k, size);
      if (size == 1) size = here;
    }
  }
}

/// Without an output, it has the letters that occur once, in alphabetical order, after those of an
/// ellipsis.
Letters implicit_output(const EinsumEquation& equation) {
  Letters all;
  for (const Letters& letters : equation.operands)
    all += letters;
  std::sort(all.begin(), all.end());
  Letters output;
  for (const char letter : all)
    if (letter != kEllipsis && std::count(all.begin(), all.end(), letter) == 1) output += letter;
  return has_letter(all, kEllipsis) ? kEllipsis + output : output;
}

Letters output_letters(const std::string& text, const EinsumEquation& equation,
                       const std::vector<EinsumOperand>& operands) {
  int64_t ellipsis = 0;
  Letters all;
  for (const EinsumOperand& operand : operands) {
    all += operand.letters;
    for (const char letter : operand.letters)
      if (std::isalpha(static_cast<unsigned char>(letter)) == 0)
        ellipsis = std::max<int64_t>(ellipsis, letter);
  }
  const Letters output =
      with_ellipsis(equation.output.value_or(implicit_output(equation)), ellipsis);
  for (const char letter : output) {
    check(has_letter(all, letter), "einsum: no operand of \"{}\" has the letter '{}' of the output",
          text, letter);
    check(std::count(output.begin(), output.end(), letter) == 1,
          "einsum: the output of \"{}\" has the letter '{}' twice", text, letter);
  }
  return output;
}

/// The letters of the two operands of a product, as at the top of this file.
struct ProductLetters {
  template <class F>
  ProductLetters(const EinsumOperand& a, const EinsumOperand& b, const F& is_needed) {
    for (const char letter : a.letters) {
      const bool in_both = has_letter(b.letters, letter);
      (!in_both ? left : is_needed(letter) ? batch : shared) += letter;
    }
    for (const char letter : b.letters)
      if (!has_letter(a.letters, letter)) right += letter;
  }
  Letters batch;
  Letters shared;
  Letters left;
  Letters right;
};

/// a (B, L, S) times b (B, S, R); with S = 1 it may be that no letter is shared.
Tensor multiply_batches(const Tensor& a, const Tensor& b) {
  if (a.size(2) == 1) return a * b;
  if (a.size(0) == 1) return matmul(select(a, 0, 0), select(b, 0, 0));
  if (a.size(1) == 1 && b.size(2) == 1) return sum(a * transpose(b, 1, 2), -1);
  return bmm(a, b);
}

/// The product of a and b, which has the letters of either that `is_needed` later.
template <class F>
EinsumOperand multiply_operands(EinsumOperand a, EinsumOperand b, const F& is_needed) {
  for (const char letter : Letters(a.letters)) {
    if (!has_letter(b.letters, letter) || a.size_of(letter) == b.size_of(letter)) continue;
    (a.size_of(letter) == 1 ? a : b).squeeze_letter(letter);  // the other one broadcasts
  }
  a.sum_unless([&](char letter) { return is_needed(letter) || has_letter(b.letters, letter); });
  b.sum_unless([&](char letter) { return is_needed(letter) || has_letter(a.letters, letter); });
  const ProductLetters p(a, b, is_needed);
  const Letters letters = p.batch + p.left + p.right;
  check(letters.size() <= Shape::kMaxDims,
        "einsum: a product would have {} dimensions, at most {} are possible", letters.size(),
        Shape::kMaxDims);
  Shape sizes;
  for (const char letter : letters)
    sizes.push_back((has_letter(p.right, letter) ? b : a).size_of(letter));
  numel("einsum", sizes);  // throws if there are too many elements
  const int64_t B = a.numel_of(p.batch);
  const int64_t S = a.numel_of(p.shared);
  const Shape a_sizes{B, a.numel_of(p.left), S};
  const Shape b_sizes{B, S, b.numel_of(p.right)};
  const Tensor y = multiply_batches(reshape(a.in_order(p.batch + p.left + p.shared), a_sizes),
                                    reshape(b.in_order(p.batch + p.shared + p.right), b_sizes));
  return {reshape(y, sizes), letters};
}

}  // namespace

Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands) try {
  const EinsumEquation read = read_equation(equation);
  check(read.operands.size() == operands.size(), "einsum: \"{}\" has {} operands, got {}", equation,
        read.operands.size(), operands.size());
  std::vector<EinsumOperand> named;
  for (size_t k = 0; k < operands.size(); ++k) {
    check_same_dtype("einsum", operands[0], operands[k]);
    check_is_no_bfloat16("einsum", operands[k].dtype());
    named.push_back(name_dims(equation, k, read.operands[k], operands[k]));
  }
  if (operands.size() > 1) check_number("einsum", operands[0].dtype());
  check_sizes(equation, named);
  const Letters output = output_letters(equation, read, named);
  EinsumOperand y = named[0];
  for (size_t k = 1; k < named.size(); ++k) {
    const auto is_needed = [&](char letter) {
      const auto rest = named.begin() + static_cast<std::ptrdiff_t>(k) + 1;
      return has_letter(output, letter) || std::any_of(rest, named.end(), [=](const auto& later) {
               return has_letter(later.letters, letter);
             });
    };
    y = multiply_operands(y, named[k], is_needed);
  }
  y.sum_unless([&](char letter) { return has_letter(output, letter); });
  return y.in_order(output);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus
