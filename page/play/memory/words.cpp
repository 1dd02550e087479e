#include "page/play/memory/words.h"

#include <algorithm>
#include <map>
#include <set>

#include "page/play/kit/source.h"

namespace gradus::page {
namespace {

/// The dimensions that repeat cells.
std::string repeated_dimensions(const Tensor& x) {
  std::string text;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    if (x.strides()[d] != 0 || x.sizes()[d] < 2) continue;
    text += fmt::format(" Dimension {} has stride 0: its {} entries are the same cells.", d,
                        x.sizes()[d]);
  }
  return text;
}

std::string about_view(const Step& step, const std::string& storage) {
  const Tensor& x = step.inputs.at(0);
  const Tensor& y = step.result;
  std::string text = fmt::format("A view of memory {}: no number moves.", storage);
  if (y.strides() == x.strides() && y.sizes() == x.sizes())
    text += " Shape and strides stay.";
  else
    text += fmt::format(" {} with strides {} becomes {} with strides {}.", x.sizes(), x.strides(),
                        y.sizes(), y.strides());
  if (y.storage_offset() != x.storage_offset())
    text += fmt::format(" The window begins at cell {}.", y.storage_offset());
  return text + repeated_dimensions(y);
}

/// What the library says when it is asked for the view that the copy avoids.
std::string why_no_view(const Step& step) {
  try {
    step.inputs.at(0).detach().view(step.result.sizes());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string about_copy(const Step& step, const std::string& storage) {
  const Tensor& x = step.inputs.at(0);
  std::string why = "clone always makes one.";
  if (step.op == "contiguous")
    why = fmt::format("the strides {} of {} are not those of row-major order, {}.", x.strides(),
                      x.sizes(), contiguous_strides(x.sizes()));
  else if (step.op != "clone")
    why = fmt::format("a view is not possible. The library says: “{}”", why_no_view(step));
  return fmt::format("A copy: {} numbers move to new memory {}, because {}", step.result.numel(),
                     storage, why);
}

std::string about_computed(const Step& step, const std::string& storage) {
  std::string text = fmt::format("{} computes {} numbers; they get new memory, {}.", step.op,
                                 step.result.numel(), storage);
  if (!is_elementwise(step.op)) return text;
  for (const Tensor& x : step.inputs) {
    if (x.sizes() == step.result.sizes()) continue;
    const Tensor read = x.expand(step.result.sizes());
    text += fmt::format(" {} is broadcast to {} without a copy: it is read with strides {}.",
                        x.sizes(), read.sizes(), read.strides());
  }
  return text;
}

}  // namespace

std::string name_of(StepKind kind) {
  switch (kind) {
    case StepKind::kGiven:
      return "given";
    case StepKind::kView:
      return "view";
    case StepKind::kBroadcast:
      return "broadcast";
    case StepKind::kSame:
      return "same tensor";
    case StepKind::kCopy:
      return "copy";
    case StepKind::kComputed:
      return "computed";
    case StepKind::kInPlace:
      return "in place";
  }
  return "";
}

StepKind kind_of(const Step& step, bool is_new) {
  static const std::set<std::string> copying = {"reshape", "flatten", "contiguous", "clone"};
  if (step.op == "given") return StepKind::kGiven;
  if (step.op.ends_with("_")) return StepKind::kInPlace;
  if (is_new) return copying.count(step.op) > 0 ? StepKind::kCopy : StepKind::kComputed;
  const bool is_same = step.result.is_same(step.inputs.at(0));
  return is_same ? StepKind::kSame : StepKind::kView;
}

bool is_elementwise(const std::string& op) {
  static const std::set<std::string> ops = {"add", "sub", "mul", "div", "pow", "maximum"};
  return ops.count(op) > 0;
}

std::string sentence_about(const Step& step, StepKind kind, const std::string& storage) {
  const Tensor& y = step.result;
  switch (kind) {
    case StepKind::kGiven:
      return fmt::format(
          "{} elements in memory {}, row after row: a step along dimension 0 skips "
          "{} cell{}.",
          y.numel(), storage, y.stride(0), y.stride(0) == 1 ? "" : "s");
    case StepKind::kView:
      return about_view(step, storage);
    case StepKind::kBroadcast:
      return fmt::format("So that the shapes are equal, {} is read as {}. ",
                         step.inputs.at(0).sizes(), y.sizes()) +
             about_view(step, storage);
    case StepKind::kSame:
      return step.op == "name"
                 ? fmt::format("The tensor again, as it is now in memory {}.", storage)
                 : fmt::format("{} returns the same tensor: there is nothing to do.", step.op);
    case StepKind::kCopy:
      return about_copy(step, storage);
    case StepKind::kComputed:
      return about_computed(step, storage);
    case StepKind::kInPlace:
      return fmt::format(
          "{} writes {} cells of memory {} in place: every tensor that has these "
          "cells sees the new numbers.",
          step.op, y.numel(), storage);
  }
  return "";
}

int64_t bytes_written(const Step& step, StepKind kind) {
  const bool writes =
      kind == StepKind::kCopy || kind == StepKind::kComputed || kind == StepKind::kInPlace;
  return writes ? step.result.numel() * static_cast<int64_t>(sizeof(float)) : 0;
}

int64_t cells_in_storage(const Tensor& x) {
  return x.impl().storage->bytes / static_cast<int64_t>(sizeof(float));
}

Tensor whole_storage(const Tensor& x) { return x.as_view(cells_in_storage(x), 1, 0); }

Json sources_of_ops() {
  static const std::map<std::string, std::pair<std::string, std::string>> definitions = {
      {"view", {"autograd/views.cpp", "Tensor view("}},
      {"reshape", {"autograd/views.cpp", "Tensor reshape("}},
      {"transpose", {"autograd/views.cpp", "Tensor transpose("}},
      {"t", {"autograd/views.cpp", "Tensor t("}},
      {"permute", {"autograd/views.cpp", "Tensor permute("}},
      {"unsqueeze", {"autograd/views.cpp", "Tensor unsqueeze("}},
      {"squeeze", {"autograd/views.cpp", "Tensor squeeze("}},
      {"expand", {"autograd/views.cpp", "Tensor expand("}},
      {"flatten", {"autograd/views.cpp", "Tensor flatten("}},
      {"select", {"autograd/slice.cpp", "Tensor slice_impl("}},
      {"narrow", {"autograd/slice.cpp", "Tensor slice_impl("}},
      {"slice", {"autograd/slice.cpp", "Tensor slice_impl("}},
      {"contiguous", {"autograd/convert.cpp", "Tensor contiguous("}},
      {"clone", {"autograd/convert.cpp", "Tensor clone("}},
      {"add", {"autograd/elementwise.cpp", "Tensor add("}},
      {"sub", {"autograd/elementwise.cpp", "Tensor sub("}},
      {"mul", {"autograd/elementwise.cpp", "Tensor mul("}},
      {"div", {"autograd/elementwise.cpp", "Tensor div("}},
      {"exp", {"autograd/elementwise.cpp", "Tensor exp("}},
      {"sum", {"autograd/reduce.cpp", "Tensor sum("}},
      {"matmul", {"autograd/matmul.cpp", "void multiply("}},
  };
  Json sources;
  for (const auto& [op, place] : definitions) {
    const Excerpt code = excerpt(place.first, place.second);
    sources[op] = {{"file", code.file}, {"first_line", code.first_line}, {"source", code.text}};
  }
  return sources;
}

}  // namespace gradus::page
