// SPDX-License-Identifier: Apache-2.0
// The one main of every test executable.
#define BOOST_TEST_MODULE harka
#include <boost/test/unit_test.hpp>
