// The table of ops: every op of autograd/ops.h, with one row for each form that its code treats
// differently and one for each kink. ops_test.cpp puts each row through every check. The rows are
// in ops_table_*.h; a new op gets its row there.
#pragma once
#include "tests/ops_table_elementwise.h"
#include "tests/ops_table_indexing.h"
#include "tests/ops_table_losses.h"
#include "tests/ops_table_neural.h"
#include "tests/ops_table_products.h"
#include "tests/ops_table_rearrange.h"
#include "tests/ops_table_shapes.h"

namespace gradus::tests {

inline const Rows& op_table() {
  static const Rows table = [] {
    Rows rows;
    add_elementwise(rows);
    add_select(rows);
    add_views(rows);
    add_copies(rows);
    add_reductions(rows);
    add_matmul(rows);
    add_diagonals(rows);
    add_einsum(rows);
    add_prod_and_sort(rows);
    add_index(rows);
    add_indexing(rows);
    add_neural(rows);
    add_activations(rows);
    add_losses(rows);
    return rows;
  }();
  return table;
}

}  // namespace gradus::tests
