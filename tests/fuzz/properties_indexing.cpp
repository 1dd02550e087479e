// Properties of the ops that take indices.
#include "tests/fuzz/properties_support.h"

namespace gradus::fuzz {
namespace {

/// An array with at least one dimension.
Array<double> with_dims() {
  Index sizes = some_sizes();
  if (sizes.empty()) sizes.push_back(pick(1, 4));
  return counted(sizes);
}

/// Indices from 0 to size - 1; rarely one is out of range.
Array<double> some_indices(const Index& sizes, int64_t size, bool& in_range) {
  Array<double> indices = counted(sizes);
  in_range = true;
  for (double& value : indices.values) {
    const int64_t index = size == 0 || pick(0, 60) == 0 ? size + pick(0, 1) : pick(0, size - 1);
    in_range = in_range && index < size;
    value = static_cast<double>(index);
  }
  return indices;
}

Index replaced(Index index, size_t dim, double value) {
  index[dim] = static_cast<int64_t>(value);
  return index;
}

void index_select_takes_these_entries() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  bool in_range = false;
  const Array<double> indices = some_indices({pick(0, 5)}, a.sizes[dim.index], in_range);
  const Tensor x = in_some_layout(tensor_of(a));
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { index_select(x, dim.given, ids); }));
    return;
  }
  Index sizes = a.sizes;
  sizes[dim.index] = indices.sizes[0];
  require_same(index_select(x, dim.given, ids), Array<double>::make(sizes, [&](const Index& i) {
                 return a.at(replaced(i, dim.index, indices.at({i[dim.index]})));
               }));
}

void gather_takes_one_entry_for_each_index() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  Index sizes = a.sizes;
  for (size_t d = 0; d < sizes.size(); ++d)
    sizes[d] = d == dim.index ? pick(0, 5) : pick(0, sizes[d]);
  bool in_range = false;
  const Array<double> indices = some_indices(sizes, a.sizes[dim.index], in_range);
  const Tensor x = in_some_layout(tensor_of(a)).requires_grad_();
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { gather(x, dim.given, ids); }));
    return;
  }
  const Tensor y = gather(x, dim.given, ids);
  require_same(y, Array<double>::make(sizes, [&](const Index& index) {
                 return a.at(replaced(index, dim.index, indices.at(index)));
               }));
  const Array<double> directions = counted(sizes);
  y.backward(in_some_layout(tensor_of(directions)));
  Array<double> expected = counted(a.sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for_each_index(sizes, [&](const Index& index) {
    expected.values[a.position(replaced(index, dim.index, indices.at(index)))] +=
        directions.at(index);
  });
  require_same(x.grad(), expected);
}

void scatter_add_adds_to_one_entry_for_each_index() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  Index sizes = a.sizes;
  for (size_t d = 0; d < sizes.size(); ++d)
    sizes[d] = d == dim.index ? pick(0, 5) : pick(0, sizes[d]);
  bool in_range = false;
  const Array<double> indices = some_indices(sizes, a.sizes[dim.index], in_range);
  const Array<double> source = counted(sizes, 100);
  const Tensor x = in_some_layout(tensor_of(a));
  const auto scattered = [&] {
    return scatter_add(x, dim.given, in_some_layout(tensor_of(indices, kInt64)),
                       in_some_layout(tensor_of(source)));
  };
  if (!in_range) {
    RC_ASSERT(throws(scattered));
    return;
  }
  Array<double> expected = a;
  for_each_index(sizes, [&](const Index& index) {
    expected.values[a.position(replaced(index, dim.index, indices.at(index)))] += source.at(index);
  });
  require_same(scattered(), expected);
}

void embedding_takes_these_rows() {
  const Array<double> weight = counted({pick(1, 5), pick(0, 4)});
  bool in_range = false;
  const Array<double> indices = some_indices(some_sizes(), weight.sizes[0], in_range);
  const Tensor table = in_some_layout(tensor_of(weight));
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { embedding(table, ids); }));
    return;
  }
  Index sizes = indices.sizes;
  sizes.push_back(weight.sizes[1]);
  require_same(embedding(table, ids), Array<double>::make(sizes, [&](const Index& index) {
                 const Index token(index.begin(), index.end() - 1);
                 return weight.at({static_cast<int64_t>(indices.at(token)), index.back()});
               }));
}

/// The indices of the true elements of a mask over the first dimensions.
std::vector<Index> true_indices(const Array<double>& mask) {
  std::vector<Index> found;
  for_each_index(mask.sizes, [&](const Index& index) {
    if (mask.at(index) != 0) found.push_back(index);
  });
  return found;
}

Array<double> some_mask(const Index& sizes) {
  Array<double> mask = counted(sizes);
  for (double& value : mask.values)
    value = coin() ? 1 : 0;
  return mask;
}

void a_mask_selects_its_true_entries() {
  Array<double> a = with_dims();
  const auto masked = static_cast<std::ptrdiff_t>(pick(1, std::ssize(a.sizes)));
  const Array<double> mask = some_mask({a.sizes.begin(), a.sizes.begin() + masked});
  const std::vector<Index> chosen = true_indices(mask);
  Index sizes = {std::ssize(chosen)};
  sizes.insert(sizes.end(), a.sizes.begin() + masked, a.sizes.end());
  const auto source = [&](const Index& index) {
    Index from = chosen[static_cast<size_t>(index[0])];
    from.insert(from.end(), index.begin() + 1, index.end());
    return from;
  };
  const Tensor x = in_some_layout(tensor_of(a));
  const Tensor selector = in_some_layout(tensor_of(mask, kBool));
  require_same(x[selector],
               Array<double>::make(sizes, [&](const Index& i) { return a.at(source(i)); }));
  const Array<double> written = counted(sizes, 1000);
  x.index_put_({selector}, in_some_layout(tensor_of(written)));
  for_each_index(sizes, [&](const Index& i) { a.values[a.position(source(i))] = written.at(i); });
  require_same(x, a);
}

/// x.index({..., ids, ids, ...}): two neighbouring dimensions by ids of the same shape, which may
/// be negative.
void pairs_of_ids_select_one_entry_each() {
  Array<double> a = with_dims();
  const size_t first = some_dim(a.sizes).index;
  const size_t count = first + 1 < a.sizes.size() && coin() ? 2 : 1;
  const Index ids_sizes = {pick(0, 3), pick(1, 3)};
  std::vector<Array<double>> ids;
  std::vector<std::optional<Tensor>> indices(first);
  bool in_range = true;
  for (size_t k = 0; k < count; ++k) {
    const int64_t size = a.sizes[first + k];
    bool fits = false;
    ids.push_back(some_indices(ids_sizes, size, fits));
    in_range = in_range && fits;
    Array<double> given = ids.back();
    if (fits && size > 0)
      for (double& id : given.values)
        id -= coin() ? static_cast<double>(size) : 0;
    indices.emplace_back(in_some_layout(tensor_of(given, kInt64)));
  }
  const Tensor x = in_some_layout(tensor_of(a));
  if (!in_range) {
    RC_ASSERT(throws([&] { index(x, indices); }));
    return;
  }
  Index sizes = a.sizes;
  const auto at = static_cast<std::ptrdiff_t>(first);
  sizes.erase(sizes.begin() + at, sizes.begin() + at + static_cast<std::ptrdiff_t>(count));
  sizes.insert(sizes.begin() + at, ids_sizes.begin(), ids_sizes.end());
  const auto source = [&](const Index& i) {
    Index from(i.begin(), i.begin() + at);
    for (const Array<double>& one : ids)
      from.push_back(static_cast<int64_t>(one.at({i[first], i[first + 1]})));
    from.insert(from.end(), i.begin() + at + 2, i.end());
    return from;
  };
  require_same(index(x, indices),
               Array<double>::make(sizes, [&](const Index& i) { return a.at(source(i)); }));
  const Array<double> added = counted(sizes, 1000);
  const Tensor y = index_put(x, indices, in_some_layout(tensor_of(added)), /*accumulate=*/true);
  for_each_index(sizes, [&](const Index& i) { a.values[a.position(source(i))] += added.at(i); });
  require_same(y, a);
}

void masked_fill_changes_the_elements_of_the_mask() {
  const Array<double> a = counted(some_sizes());
  Array<double> mask = counted(a.sizes);
  for (double& value : mask.values)
    value = coin() ? 1 : 0;
  const Tensor x = in_some_layout(tensor_of(a));
  const Tensor chosen = in_some_layout(tensor_of(mask, kBool));
  const Array<double> expected =
      Array<double>::make(a.sizes, [&](const Index& i) { return mask.at(i) != 0 ? -7 : a.at(i); });
  require_same(masked_fill(x, chosen, -7), expected);
  x.masked_fill_(chosen, -7);
  require_same(x, expected);
}

void sums_are_loops_over_these_dimensions() {
  const Array<double> a = with_dims();
  std::vector<bool> reduced(a.sizes.size(), false);
  Shape dims;
  for (size_t d = 0; d < reduced.size(); ++d)
    if (coin()) {
      reduced[d] = true;
      dims.push_back(static_cast<int64_t>(d));
    }
  if (dims.empty()) return;
  Index sizes = a.sizes;
  for (size_t d = 0; d < reduced.size(); ++d)
    if (reduced[d]) sizes[d] = 1;
  Array<double> expected = counted(sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for_each_index(a.sizes, [&](Index index) {
    const double value = a.at(index);
    for (size_t d = 0; d < reduced.size(); ++d)
      if (reduced[d]) index[d] = 0;
    expected.values[expected.position(index)] += value;
  });
  require_same(sum(in_some_layout(tensor_of(a)), dims, true), expected);
}

}  // namespace

bool indexing_holds() {
  bool all = check("index_select takes these entries", index_select_takes_these_entries);
  all =
      check("gather takes one entry for each index", gather_takes_one_entry_for_each_index) && all;
  all = check("scatter_add adds to one entry for each index",
              scatter_add_adds_to_one_entry_for_each_index) &&
        all;
  all = check("embedding takes these rows", embedding_takes_these_rows) && all;
  all = check("a mask selects its true entries", a_mask_selects_its_true_entries) && all;
  all = check("pairs of ids select one entry each", pairs_of_ids_select_one_entry_each) && all;
  all = check("masked_fill changes the elements of the mask",
              masked_fill_changes_the_elements_of_the_mask) &&
        all;
  return check("sums are loops over these dimensions", sums_are_loops_over_these_dimensions) && all;
}

}  // namespace gradus::fuzz
