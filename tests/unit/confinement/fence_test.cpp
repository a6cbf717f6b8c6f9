#include "worker/confinement/fence.hpp"

#include <gtest/gtest.h>

namespace espalier::confinement {
namespace {

TEST(AFence, IsReadAsItWasWritten) {
  const Fence fence{"/state/own folder", {"/data/\"quoted\"", "/usr/share/x"}, 5, std::int64_t{1} << 40};
  const auto read = fence_from(to_text(fence));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->folder, fence.folder);
  EXPECT_EQ(read->readable, fence.readable);
  EXPECT_EQ(read->file_bytes, 5);
  EXPECT_EQ(read->memory_bytes, std::int64_t{1} << 40);
}

TEST(AFence, WhatIsNoneIsAnErrorOfTheCommandLine) {
  for (const auto* text : {"", "[]", "{}", R"({"folder": 1})", R"({"folder": "", "readable": [7]})"}) {
    const auto read = fence_from(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::usage);
  }
}

}  // namespace
}  // namespace espalier::confinement
