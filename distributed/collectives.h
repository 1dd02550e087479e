// What the processes of a group compute together, on arrays. Sums are added in a fixed order:
//
//   2^k processes   the sum is a binary tree whose leaves are the processes in the order of their
//                   ranks: ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))
//   others          the processes from the largest 2^k on first add theirs to those of 0, 1, ...
//
// So every process gets the same bits, in every run. A process whose value is itself a sum over
// 2^m leaves continues its tree.
#pragma once
#include <vector>

#include "distributed/transport.h"

namespace gradus::distributed {

/// x = the sum of x over all processes, for n elements. Each process adds only a part and gets the
/// others (Rabenseifner, "Optimization of collective reduction operations", 2004): it sends and
/// receives 2 n (P - 1) / P elements for P = 2^k processes. float, double, int64.
template <class T>
void all_reduce(Transport& transport, const Call& call, T* x, int64_t n);

/// bytes = those of process `source`, along a binary tree.
void broadcast(Transport& transport, const Call& call, std::span<std::byte> bytes, int source);

/// Process r has part r of the bytes, from begins[r] to begins[r + 1]; then each has all of them. A
/// ring: every process sends to the next one what it got from the one before.
void all_gather(Transport& transport, const Call& call, std::span<std::byte> bytes,
                const std::vector<size_t>& begins);

/// Returns when all processes have called it.
void barrier(Transport& transport, const Call& call);

}  // namespace gradus::distributed
