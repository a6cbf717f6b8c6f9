// A file system of a given size at a folder, which can be filled up and emptied. Needs root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace espalier::test {

class SmallDisk {
 public:
  // What lies in the folder is moved to the new disk.
  SmallDisk(std::filesystem::path folder, std::int64_t megabytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] const std::string& objection() const { return objection_; }  // why there is none; else empty
  void fill() const;                                                         // to the last byte
  void empty() const;                                                        // of what `fill` wrote

 private:
  std::filesystem::path folder_;
  std::string objection_;
};

}  // namespace espalier::test
