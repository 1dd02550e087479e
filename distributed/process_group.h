// Several processes that train one model: the names of torch.distributed, on MPI.
//
//   mpirun -n 4 ./program
//
//   distributed::init_process_group();
//   distributed::all_reduce(x);  // x = the sum of the x of all processes
//
// All processes make the same calls in the same order; if they do not, the calls throw. Sums are
// added in an order that depends only on the ranks (distributed/collectives.h), so all processes
// get the same bits, in every run.
#pragma once
#include <chrono>
#include <optional>

#include "distributed/mpi_transport.h"
#include "distributed/slow_network.h"
#include "tensor/tensor.h"

namespace gradus::distributed {

/// The options of init_process_group.
struct ProcessGroupOptions {
  std::chrono::seconds timeout{1800};  // how long a call waits for another process
  /// Calls take as long as in a network of this speed, if the real one is faster: for finding out
  /// what training there would be like.
  std::optional<NetworkSpeed> network = {};
};
/// Starts the group of all processes that mpirun has started; without mpirun it is a group of one.
/// Throws in a build without MPI, and if there is a group already.
void init_process_group(const ProcessGroupOptions& options = {});
/// Leaves the group when all processes have called it. It cannot be started again. A process that
/// ends without it stops the others if they go on.
void destroy_process_group();
/// Whether there is a group.
bool is_initialized();

/// The number of this process, from 0.
int64_t get_rank();
/// The number of processes.
int64_t get_world_size();

/// x = the sum of x over all processes. float32, float64, int64; the shapes must be equal. Nothing
/// is recorded.
void all_reduce(const Tensor& x);
/// x = the x of process src. Any dtype.
void broadcast(const Tensor& x, int64_t src);
/// Returns when all processes have called it.
void barrier();

}  // namespace gradus::distributed
