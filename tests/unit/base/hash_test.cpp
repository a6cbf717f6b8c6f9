#include "common/base/hash.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace espalier {
namespace {

TEST(Sha256, AgreesWithThePublishedVectors) {  // FIPS 180-2, appendix B
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, IsTheSameInPiecesAsAtOnce) {
  EXPECT_TRUE(rc::check([](const std::string& first, const std::string& second) {
    Sha256 pieces;
    pieces.update(first);
    pieces.update(second);
    RC_ASSERT(pieces.hex() == sha256_hex(first + second));
  }));
}

TEST(Sha256, KnowsItsOwnForm) {
  EXPECT_TRUE(is_sha256_hex(sha256_hex("x")));
  EXPECT_FALSE(is_sha256_hex("x"));
  EXPECT_FALSE(is_sha256_hex(std::string(64, 'G')));
  EXPECT_FALSE(is_sha256_hex("../../" + std::string(58, 'a')));
}

TEST(Sha256, OfAFileThatIsNotThereIsAnError) {
  EXPECT_EQ(sha256_hex_of_file("/nowhere/at/all").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace espalier
