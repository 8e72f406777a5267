package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole engines on loopback UDP: agreement, a liar, a crash, a restart without memory. */
@Timeout(120)
class ConsensusEngineIT {
    private static final Map<String, String> SMALL =
            Map.of("dimension", "8", "heads", "2", "checkpoint-interval", "8", "round-deadline-ms", "300");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void shouldAgreeOnOneDecisionWithOneDigestAndAProof() throws Exception {
        try (LocalGroup group = new LocalGroup(folder, 4, SMALL, context -> context)) {
            final List<CertifiedDecision> decisions = group.decide("first", this::near, id -> "yes");

            assertThat(decisions).hasSize(4);
            final Ed25519Verifier verifier = new Ed25519Verifier(Ed25519Provider.choose(), group.roster());
            for (final CertifiedDecision certified : decisions) {
                assertThat(certified.decision().isAgreed()).isTrue();
                assertThat(certified.decision().digest())
                        .isEqualTo(decisions.get(0).decision().digest());
                assertThat(certified.certificate().verify(verifier, Quorum.of(4), certified.decision()))
                        .isEqualTo(Certificate.Verdict.VALID);
                assertThat(certified.decisionNanos()).isPositive();
            }
        }
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void shouldNameTheLiarAndGoOnWithoutACrashedPrimaryAndTakeItBack() throws Exception {
        try (LocalGroup group = new LocalGroup(folder, 4, SMALL, context -> context)) {
            final CertifiedDecision lied = group.decide(
                            "lied", id -> id == 2 ? far() : near(id), id -> id == 2 ? "no" : "yes")
                    .get(0);
            assertThat(lied.decision().byzantine())
                    .singleElement()
                    .satisfies(suspect -> assertThat(suspect.peerId()).isEqualTo(2));

            final int primary = group.engine(0).status(PATIENCE).primaryId();
            group.stop(primary);
            final List<CertifiedDecision> byThree = group.decide("three", this::near, id -> "yes");
            assertThat(byThree).hasSize(3);
            assertThat(byThree.get(0).decision().isAgreed()).isTrue();

            group.start(primary);
            awaitVote(group.engine(primary));
            final List<CertifiedDecision> again = group.decide("again", this::near, id -> "yes");
            assertThat(again).hasSize(4);
            assertThat(again.get(0).decision().support()).hasSize(4);
            assertThat(again.stream().map(one -> one.certificate().digest()).distinct())
                    .hasSize(1);
            final EngineStatus status = group.engine(primary).status(PATIENCE);
            assertThat(status.rounds().stream().map(EngineStatus.ClosedRound::round))
                    .contains("lied", "three", "again");
        }
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void shouldTellWhatBecameOfEachContribution() throws Exception {
        try (LocalGroup group = new LocalGroup(folder, 4, SMALL, context -> context)) {
            final ConsensusEngine engine = group.engine(1);
            final long first = engine.contribute("told", near(1), "yes");
            final long same = engine.contribute("told", near(1), "yes");
            final long other = engine.contribute("told", near(1), "no");
            assertThat(engine.awaitOutcome(first, PATIENCE)).isEqualTo(ContributionOutcome.ACCEPTED);
            assertThat(engine.awaitOutcome(same, PATIENCE)).isEqualTo(ContributionOutcome.DUPLICATE);
            assertThat(engine.awaitOutcome(other, PATIENCE)).isEqualTo(ContributionOutcome.CONFLICT);

            // Nobody else speaks: the deadline closes the round without a quorum.
            assertThat(engine.awaitDecision("told", PATIENCE).decision().isAgreed())
                    .isFalse();
            final long late = group.engine(2).contribute("told", near(2), "yes");
            assertThat(group.engine(2).awaitOutcome(late, PATIENCE)).isEqualTo(ContributionOutcome.ROUND_CLOSED);
        }
    }

    @Test
    void shouldAnswerAQuestionWithAndWithoutWaiting() throws Exception {
        try (LocalGroup group = new LocalGroup(folder, 4, SMALL, context -> context)) {
            final ConsensusEngine engine = group.engine(1);
            final long early = engine.askRoundStatus("asked");
            assertThat(answer(engine, early).standing()).isEqualTo(RoundStatus.Standing.UNKNOWN);
            group.decide("asked", this::near, id -> "yes");
            final long late = engine.askRoundStatus("asked");
            assertThat(answer(engine, late).standing()).isEqualTo(RoundStatus.Standing.AGREED);
            assertThat(engine.roundStatus("asked", PATIENCE).digest())
                    .isEqualTo(answer(engine, late).digest());
            assertThat(engine.answer(late + 1_000)).isNull();
        }
    }

    @Test
    void shouldRefuseWhatTheGroupDoesNotAllowBeforeItLeaves() throws Exception {
        try (LocalGroup group = new LocalGroup(folder, 4, SMALL, context -> context)) {
            final ConsensusEngine engine = group.engine(0);
            assertThatThrownBy(() -> engine.contribute("r", new float[3], "yes"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("12 bytes")
                    .hasMessageContaining("dimension 8");
            assertThatThrownBy(() -> engine.contribute("r", new float[8], "yes"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("zero");
            final float[] broken = near(0);
            broken[5] = Float.NaN;
            assertThatThrownBy(() -> engine.contribute("r", broken, "yes"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("component 5");
            assertThatThrownBy(() -> engine.contribute("", near(0), "yes"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldWorkOnTheEmbeddersThreadAndOnThreadsOfItsOwn() throws Exception {
        for (final ThreadingMode mode : ThreadingMode.values()) {
            final Path ownFolder = folder.resolve(mode.name());
            final Map<String, String> alone = Map.of("dimension", "8", "heads", "2");
            try (LocalGroup group = new LocalGroup(ownFolder, 1, alone, context -> context.threadingMode(mode))) {
                final List<CertifiedDecision> decisions = group.decide("alone", this::near, id -> "yes");
                assertThat(decisions.get(0).decision().isAgreed()).isTrue();
            }
        }
    }

    @Test
    void shouldSayWhatIsMissingAtLaunch() {
        assertThatThrownBy(() -> ConsensusEngine.launch(new EngineContext()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("roster");
        final PeerIdentity stranger = PeerIdentity.generate(new SecureRandom());
        assertThatThrownBy(() -> new LocalGroup(folder, 1, SMALL, context -> context.identity(stranger)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(stranger.fingerprint());
        assertThatThrownBy(() -> new LocalGroup(folder, 1, SMALL, context -> context.journalSyncLevel(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sync level is 1 or 2");
        assertThatThrownBy(() -> new LocalGroup(folder, 1, Map.of("heads", "7"), context -> context))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("7");
    }

    private static RoundStatus answer(final ConsensusEngine engine, final long ticket) throws Exception {
        final long endNs = System.nanoTime() + PATIENCE.toNanos();
        while (engine.answer(ticket) == null) {
            assertThat(System.nanoTime()).as("answered in time").isLessThan(endNs);
            Thread.sleep(5);
        }
        return engine.answer(ticket);
    }

    private void awaitVote(final ConsensusEngine engine) throws Exception {
        final long endNs = System.nanoTime() + PATIENCE.toNanos();
        while (!engine.status(PATIENCE).isVoting()) {
            assertThat(System.nanoTime()).as("votes again in time").isLessThan(endNs);
            Thread.sleep(20);
        }
    }

    private List<Path> leftovers() throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().equals("driver"))
                    .toList();
        }
    }

    private float[] near(final int id) {
        return new float[] {1, 2, 3, 4, 5, 6, 7, 8 + id * 0.01f};
    }

    private static float[] far() {
        return new float[] {-900, 800, -700, 600, -500, 400, -300, 200};
    }
}
