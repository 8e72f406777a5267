package io.quorate.peer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.JsonLine;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulateCommandTest {
    @Test
    void shouldRunSeedsAndPrintOneObject() {
        final CommandRun run = CommandRun.of("simulate", "--seeds", "4", "--requests", "5", "--json");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().lines()).hasSize(1);
        final Map<String, Object> line = JsonLine.read(run.out());
        assertThat(line)
                .containsEntry("seeds", 4L)
                .containsEntry("violations", 0L)
                .containsEntry("stalled", 0L)
                .containsEntry("firstFailingSeed", null);
        assertThat((Long) line.get("eventsPerSecond")).isPositive();
    }

    @Test
    void shouldFailWithTheSeedThatReplaysTheFailure() {
        // Without any patience, whatever is still under way when the faults stop is a stall.
        final CommandRun run = CommandRun.of(
                "simulate", "--seed", "7", "--seeds", "10", "--faults", "harsh", "--patience", "0", "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        final Map<String, Object> line = JsonLine.read(run.out());
        final Object seed = line.get("firstFailingSeed");
        assertThat((Long) seed).isBetween(7L, 16L);
        final List<?> failing = (List<?>) line.get("failingSeeds");
        assertThat(failing).hasSize(((Long) line.get("stalled")).intValue());
        assertThat(failing.getFirst()).isEqualTo(seed);
        assertThat(run.err().lines().filter(text -> text.matches("also: seed \\d+ stalled")))
                .hasSize(failing.size() - 1);
        assertThat(run.err())
                .contains("seed " + seed + ": STALL")
                .contains("replay: ./quorate simulate --seed " + seed
                        + " --peers 4 --faults harsh --requests 20 --patience 0 --trace");
    }

    @Test
    void shouldRunWithoutEndAndWithEveryPreset() {
        for (final String faults : List.of(
                "standard", "harsh", "network", "crashes", "byzantine", "twins", "schemes", "laggards", "none")) {
            final CommandRun run = CommandRun.of(
                    "simulate", "--seeds", "3", "--faults", faults, "--mode", "safety", "--protocol", "pbft", "--json");
            assertThat(run.exitCode()).as(faults).isZero();
            assertThat(JsonLine.read(run.out())).containsEntry("seeds", 3L);
            // Nobody watches here, so nothing moves on the screen.
            assertThat(run.err()).isEmpty();
        }
    }

    @Test
    void shouldRunTheSameWhateverTheThreads() {
        final List<Object> hashes = List.of(traceHash(9, 1), traceHash(9, 3), traceHash(10, 1));
        assertThat(hashes.get(0)).isEqualTo(hashes.get(1)).isNotEqualTo(hashes.get(2));
    }

    private static Object traceHash(final int seed, final int threads) {
        final CommandRun run = CommandRun.of(
                "simulate", "--seed", seed, "--seeds", "6", "--threads", threads, "--requests", "5", "--json");
        return JsonLine.read(run.out()).get("traceHash");
    }

    @Test
    void shouldRunOneSeedWhenOnlyASeedIsGiven() {
        final CommandRun run = CommandRun.of("simulate", "--seed", "-17", "--json");
        assertThat(run.exitCode()).isZero();
        assertThat(JsonLine.read(run.out())).containsEntry("seeds", 1L);
    }

    @Test
    void shouldPrintTheDialogueOfOneSeed() {
        final CommandRun run =
                CommandRun.of("simulate", "--seed", "7", "--faults", "none", "--requests", "1", "--trace");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("peer 0 to peer 1: pre-prepare of view 0, sequence 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "simulate --peers 3",
                "simulate --seeds 0",
                "simulate --requests 0",
                "simulate --threads 0",
                "simulate --faults nonsense",
                "simulate --mode nonsense",
                "simulate --protocol raft",
                "simulate --peers 17",
                "simulate --seeds many",
                "simulate --seed 9223372036854775807 --seeds 2",
                "simulate --requests 1000000",
                "simulate --threads 100000",
                "simulate --patience -1",
                "simulate surprise",
                "simulate --seeds 2 --trace"
            })
    void shouldRefuseWrongInput(final String line) {
        final CommandRun run = CommandRun.of((Object[]) line.split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
    }
}
