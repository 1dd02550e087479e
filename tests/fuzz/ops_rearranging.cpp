// Rows of the ops of random programs: copies in another order, and padding.
#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

double as_option(int64_t value) { return static_cast<double>(value); }

/// A list of numbers from low to high.
std::vector<double> some_numbers(Chooser& choose, int64_t count, int64_t low, int64_t high) {
  std::vector<double> list;
  while (std::ssize(list) < count)
    list.push_back(as_option(choose.integer(low, high)));
  return list;
}

const std::vector<std::string> kPadModes = {"constant", "reflect", "replicate", "circular"};

/// Paddings that each mode allows; what is removed leaves an entry.
void propose_pad(Chooser& choose) {
  const int x = choose.any();
  const int64_t dims = choose.dims(x);
  choose.require(dims > 0);
  Options options;
  int64_t mode = dims == 1 ? 0 : choose.integer(0, 3);
  // PyTorch has no other mode for bool, and none pads nothing.
  if (choose.value(x).dtype() == kBool || choose.value(x).numel() == 0) mode = 0;
  const int64_t most = mode == 0 ? dims : std::min<int64_t>(dims - 1, 3);
  const int64_t padded =
      mode == 0 ? choose.integer(0, most) : choose.integer(std::max<int64_t>(dims - 2, 1), most);
  std::vector<double> padding;
  for (int64_t d = dims - 1; d >= dims - padded; --d) {
    const int64_t size = choose.size(x, d);
    const int64_t longest = mode == 0 || mode == 2 ? 2 : mode == 1 ? size - 1 : size;
    const bool removes = size > 1 && choose.chance(0.2);
    const int64_t removed = removes ? 1 : 0;
    const int64_t before = removes ? -1 : choose.integer(0, std::min<int64_t>(longest, 2));
    padding.push_back(as_option(before));
    padding.push_back(as_option(choose.integer(0, std::min<int64_t>(longest - removed, 2))));
  }
  options.set("padding", padding);
  options.set("mode", {as_option(mode)});
  if (mode == 0 && choose.value(x).is_floating_point() && choose.chance(0.5))
    options.set("value", {choose.number(-2, 2)});
  choose.call("pad", {x}, options);
}

}  // namespace

std::vector<Op> rearranging_ops() {
  return {
      {"unbind", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const int64_t dim = choose.dim(x);
         const int64_t size = choose.size(x, dim);
         choose.require(1 <= size && size <= 6);
         choose.call("unbind", {x}, with_dim(dim), static_cast<int>(size));
       },
       [](X x, O o) -> Tensors { return unbind(x[0], o.integer("dim")); }},
      {"tile", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require(choose.dims(x) < 4);
         const int64_t count = choose.integer(0, choose.dims(x) + 1);
         choose.call("tile", {x},
                     {{"dims", some_numbers(choose, count, choose.chance(0.1) ? 0 : 1, 2)}});
       },
       [](X x, O o) -> Tensors { return {tile(x[0], o.shape("dims"))}; }},
      {"roll", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const std::vector<double> dims = choose.some_dims(x);
         const int64_t shifts = std::max<int64_t>(std::ssize(dims), 1);
         choose.call("roll", {x},
                     {{"shifts", some_numbers(choose, shifts, -5, 5)}, {"dims", dims}});
       },
       [](X x, O o) -> Tensors { return {roll(x[0], o.shape("shifts"), o.shape("dims"))}; }},
      {"repeat_interleave", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         std::vector<int> arguments = {x};
         Options options;
         int64_t size = choose.value(x).numel();
         if (choose.chance(0.7)) {
           const int64_t dim = choose.dim(x);
           options = with_dim(dim);
           size = choose.size(x, dim);
         }
         if (choose.chance(0.5) && size > 0)
           arguments.push_back(choose.indices({choose.chance(0.8) ? size : 1}, 3));
         else
           options.set("repeats", {as_option(choose.integer(choose.chance(0.1) ? 0 : 1, 3))});
         choose.call("repeat_interleave", arguments, options);
       },
       [](X x, O o) -> Tensors {
         const auto dim = o.has("dim") ? std::optional(o.integer("dim")) : std::nullopt;
         if (x.size() > 1) return {repeat_interleave(x[0], x[1], dim)};
         return {repeat_interleave(x[0], o.integer("repeats"), dim)};
       }},
      {"pad", Effect::moves, propose_pad,
       [](X x, O o) -> Tensors {
         const auto value =
             o.has("value") ? std::optional<Scalar>(o.number("value")) : std::nullopt;
         const std::string& mode = kPadModes.at(static_cast<size_t>(o.integer("mode")));
         return {pad(x[0], o.shape("padding"), mode, value)};
       }},
  };
}

}  // namespace gradus::fuzz
