package io.quorate.engine.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.virtual.SimRandom;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PeerSamplerTest {
    private final PeerSampler sampler = new PeerSampler(10, new SimRandom(1));
    private final int[] drawn = new int[10];

    @Test
    void shouldDrawDistinctPeersWithoutTheException() {
        for (int id = 0; id < 6; id++) {
            sampler.add(id);
        }
        for (int draw = 0; draw < 1_000; draw++) {
            assertThat(sampler.sample(drawn, 4, 2)).isEqualTo(4);
            assertThat(Arrays.stream(drawn, 0, 4).distinct().count()).isEqualTo(4);
            assertThat(Arrays.stream(drawn, 0, 4)).allMatch(id -> id < 6 && id != 2);
        }
        assertThat(sampler.size()).isEqualTo(6);
    }

    @Test
    void shouldDrawFewerOnlyIfThereAreNoMore() {
        assertThat(sampler.sample(drawn, 3, -1)).isZero();
        sampler.add(4);
        sampler.add(7);
        sampler.add(7);
        assertThat(sampler.sample(drawn, 3, -1)).isEqualTo(2);
        assertThat(sampler.sample(drawn, 3, 4)).isEqualTo(1);
        sampler.remove(7);
        assertThat(sampler.sample(drawn, 3, 4)).isZero();
    }

    @Test
    void shouldDrawByWeightAndSilenceNobody() {
        for (int id = 0; id < 4; id++) {
            sampler.add(id);
        }
        sampler.weight(3, 10);
        final int[] counts = new int[4];
        for (int draw = 0; draw < 31_000; draw++) {
            sampler.sample(drawn, 1, -1);
            counts[drawn[0]]++;
        }
        assertThat(counts[3]).isBetween(800, 1_200);
        assertThat(counts[0]).isBetween(9_500, 10_500);
        assertThatThrownBy(() -> sampler.weight(3, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldKeepItsSetWhateverIsDrawn() {
        final SimRandom random = new SimRandom(9);
        final boolean[] model = new boolean[10];
        for (int step = 0; step < 5_000; step++) {
            final int id = random.nextInt(10);
            if (random.nextInt(2) == 0) {
                sampler.add(id);
                model[id] = true;
            } else {
                sampler.remove(id);
                model[id] = false;
            }
            sampler.sample(drawn, random.nextInt(5), random.nextInt(11) - 1);
            for (int other = 0; other < 10; other++) {
                assertThat(sampler.contains(other)).isEqualTo(model[other]);
            }
        }
    }
}
