package io.quorate.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PrimitivesProviderTest {
    @AfterEach
    void forget() {
        System.clearProperty(PrimitivesProvider.PROPERTY);
    }

    @Test
    void shouldPreferTheVectorUnit() {
        final Primitives preferred = PrimitivesProvider.preferred();
        assertThat(preferred.name()).isEqualTo("vector");
        assertThat(preferred.bits()).isIn(128, 256, 512);
        assertThat(PrimitivesProvider.vector(preferred.bits())).isSameAs(preferred);
        assertThat(PrimitivesProvider.sentence(preferred)).isEqualTo("kernels: " + preferred.bits() + "-bit vectors");
    }

    @Test
    void shouldOfferEveryWidth() {
        assertThat(PrimitivesProvider.all()).extracting(Primitives::bits).containsExactly(32, 64, 128, 256, 512);
    }

    @Test
    void shouldFollowTheProperty() {
        System.setProperty(PrimitivesProvider.PROPERTY, "scalar");
        assertThat(PrimitivesProvider.preferred().name()).isEqualTo("scalar");
        assertThat(PrimitivesProvider.sentence(PrimitivesProvider.preferred())).contains("many times slower");
        System.setProperty(PrimitivesProvider.PROPERTY, "64");
        assertThat(PrimitivesProvider.preferred().bits()).isEqualTo(64);
        assertThat(PrimitivesProvider.sentence(PrimitivesProvider.preferred())).contains("64-bit vectors by -D");
    }

    @Test
    void shouldRefuseAWidthThatDoesNotExist() {
        for (final String wrong : new String[] {"1024", "0", "wide", ""}) {
            System.setProperty(PrimitivesProvider.PROPERTY, wrong);
            assertThatThrownBy(PrimitivesProvider::preferred)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("given " + wrong);
        }
    }
}
