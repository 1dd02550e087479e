#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {

namespace {

std::map<std::string, Op>& all_ops() {
  static std::map<std::string, Op> all = [] {
    std::map<std::string, Op> list;
    for (const std::vector<Op>& some :
         {elementwise_ops(), choosing_ops(), view_ops(), rearranging_ops(), product_ops(),
          reduction_ops(), neural_ops(), in_place_ops(), autograd_ops()})
      for (const Op& op : some)
        check(list.emplace(op.name, op).second, "op_list: {} has two rows", op.name);
    return list;
  }();
  return all;
}

}  // namespace

const std::map<std::string, Op>& op_list() { return all_ops(); }

void replace_op(const std::string& name, const RunOp& run) { all_ops().at(name).run = run; }

const Op& op_of(const Call& call) {
  const auto found = op_list().find(call.op);
  check(found != op_list().end(), "program: there is no op '{}'", call.op);
  return found->second;
}

}  // namespace gradus::fuzz
