// Who is in a class, and where the answers of each student are.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::grader {

struct Student {
  std::string id, name;           // from the roster; without one the name is that of the folder
  std::filesystem::path answers;  // the folder of the answers, "" if there is none
  /// What a person calls this student: the name, or the id if there is no name.
  const std::string& shown() const { return name.empty() ? id : name; }
};

struct Roster {
  std::vector<Student> students;
  std::vector<std::string> notices;  // sentences about what does not fit
};

/// The students of a class. `folder` has a folder for each of them, which holds name.cpp for each
/// exercise, directly or in a folder my/. `roster` is a text file with a name on each line, or a
/// CSV file with id,name; "" means that the folders are the class. A student's folder has the id or
/// the name as its name. Folders that are not in the roster come last. `also` are files in `folder`
/// that need no notice.
Roster students_of(const std::filesystem::path& folder, const std::filesystem::path& roster,
                   const std::vector<std::filesystem::path>& also = {});

}  // namespace gradus::grader
