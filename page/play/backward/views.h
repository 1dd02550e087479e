// The graph as boxes: every op, or the modules of a layer with the ops between them.
#pragma once
#include <string>
#include <vector>

#include "page/json_values.h"
#include "page/play/backward/subject.h"

namespace gradus::page {

/// One box of a view.
struct ViewBox {
  std::string label;
  std::vector<size_t> nodes;  // in the order of creation; the last one is what the box computes
};

/// A box for each node of the loss.
std::vector<ViewBox> boxes_of_ops(const Forward& forward);
/// A box for each module at the top, and for each node outside of them. Parameters belong to their
/// module.
std::vector<ViewBox> boxes_of_modules(const Forward& forward);

/// {"name", "width", "height", "box": [w, h], "boxes": [{"label", "nodes", "x", "y"}], "edges":
/// [{"from", "to", "points"}]}
Json view(const std::string& name, const Forward& forward, const std::vector<ViewBox>& boxes);

}  // namespace gradus::page
