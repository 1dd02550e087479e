// Messages through MPI: Open MPI or MPICH. Only mpi_transport.cpp includes its header.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "distributed/transport.h"

namespace gradus::distributed {

/// Whether this is a build with MPI.
bool is_available();
/// "Open MPI", "MPICH", or the name of another one.
std::string mpi_library();
/// Its program that starts processes; the variable GRADUS_MPIRUN chooses another one.
std::string mpirun();
/// What to do in a build without MPI, in a sentence.
std::string how_to_get_mpi();

/// Starts MPI in the calling thread, the only one that may use the transport, and that must destroy
/// it. Throws if this is a build without MPI. A message that has not arrived after `timeout` is an
/// error. The destructor waits for the other processes; if one does not come within seconds, it
/// ends them all.
std::unique_ptr<Transport> start_mpi(std::chrono::seconds timeout);

}  // namespace gradus::distributed
