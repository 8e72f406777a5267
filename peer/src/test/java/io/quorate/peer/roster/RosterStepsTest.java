package io.quorate.peer.roster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.peer.CommandRun;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The next roster and its approvals, as files; no peer runs. */
class RosterStepsTest {
    @TempDir
    private Path folder;

    private Path present;

    @BeforeEach
    void make() {
        final List<Object> create = new ArrayList<>(List.of("roster", "create"));
        for (int id = 0; id < 6; id++) {
            run("keys", "generate", "--out", keys(id));
            if (id < 4) {
                create.add(keys(id).resolve("identity.pub") + "@10.0.0." + id + ":4000");
            }
        }
        present = folder.resolve("present.txt");
        create.addAll(List.of("--dimension", "16", "--names", "a,b,c,d", "--out", present));
        run(create.toArray());
    }

    @Test
    void shouldMakeEveryStep() {
        final Roster added = next("--add", publicKey(4) + "@10.0.0.4:4000", "--name", "e");
        assertThat(added.epoch()).isEqualTo(2);
        assertThat(added.size()).isEqualTo(5);
        assertThat(added.peer(4).name()).isEqualTo("e");
        assertThat(added.setting("dimension", "")).isEqualTo("16");
        final Roster replaced = next("--replace", "2=" + publicKey(4) + "@10.0.0.4:4000");
        assertThat(replaced.peer(2).name()).isEqualTo("peer-2-2");
        final Roster rotated = next("--rotate", "1=" + publicKey(4));
        assertThat(rotated.peer(1).name()).isEqualTo("b");
        assertThat(rotated.peer(1).publicKey()).isEqualTo(replaced.peer(2).publicKey());
        assertThat(next("--move", "3=[::1]:5000").peer(3).address()).isEqualTo("[::1]:5000");

        final Path five = folder.resolve("five.txt");
        assertThat(run("roster", "next", "--roster", present, "--add", publicKey(4) + "@10.0.0.4:4000", "--out", five)
                        .out())
                .startsWith("epoch 2 adds peer 4 (peer-2-4, 10.0.0.4:4000, key ");
        final CommandRun removed = run("roster", "next", "--roster", five, "--remove", "1");
        final Roster four = Roster.parse(removed.out(), "printed");
        assertThat(four.epoch()).isEqualTo(3);
        assertThat(four.peer(1).name()).isEqualTo("peer-2-4");
        assertThat(StepText.summary(read(five), four)).endsWith("; peer-2-4 takes over the id 1");
        assertThat(StepText.whatIsLeft(read(five), four))
                .isEqualTo(
                        "b is no peer any more: leave it running until the others' status says epoch 3, then stop it");
    }

    @Test
    void shouldRefuseWhatIsNoStepInOneLine() {
        refused("a group has at least 4 peers, given 3", "--remove", "0");
        refused("peer 9 is not in 0..3", "--rotate", "9=" + publicKey(4));
        refused("does not begin with ID=", "--move", "10.0.0.1:4000");
        refused("is not HOST:PORT", "--move", "1=10.0.0.1");
        refused("is not KEY.pub@HOST:PORT", "--add", publicKey(4).toString());
        refused("another peer", "--rotate", "1=" + publicKey(2));
        assertThat(CommandRun.of("roster", "next", "--roster", present).exitCode())
                .isEqualTo(2);
    }

    @Test
    void shouldSignApprovalsThatHoldForNothingElse() throws IOException {
        final Roster current = read(present);
        final Path nextFile = folder.resolve("next.txt");
        run("roster", "next", "--roster", present, "--add", publicKey(4) + "@10.0.0.4:4000", "--out", nextFile);
        final Roster next = read(nextFile);
        final Path file = folder.resolve("approval-1");
        assertThat(run(
                                "roster",
                                "approve",
                                "--roster",
                                present,
                                "--next",
                                nextFile,
                                "--key",
                                keys(1).resolve("identity.key"),
                                "--out",
                                file)
                        .out())
                .startsWith("approved by b: epoch 2 adds peer 4");
        final String line = Files.readString(file).strip();
        assertThat(Approval.signatures(List.of(line), current, next)).containsOnlyKeys(1);

        final Roster other = next("--rotate", "1=" + publicKey(5));
        assertThatThrownBy(() -> Approval.signatures(List.of(line), current, other))
                .hasMessageContaining("peer 1 is for another next roster");
        assertThatThrownBy(() -> Approval.signatures(List.of(line), other, next))
                .hasMessageContaining("peer 1 is for another group or epoch");
        assertThatThrownBy(() -> Approval.signatures(List.of(line, line), current, next))
                .hasMessageContaining("given twice");
        final String forged = line.replace("quorate-approval 1 1 ", "quorate-approval 1 2 ");
        assertThatThrownBy(() -> Approval.signatures(List.of(forged), current, next))
                .hasMessageContaining("the approval of peer 2 does not hold");
        final String stranger = line.replace("quorate-approval 1 1 ", "quorate-approval 1 7 ");
        assertThatThrownBy(() -> Approval.signatures(List.of(stranger), current, next))
                .hasMessageContaining("is of nobody");
        assertThatThrownBy(() -> Approval.parse(line + " x", "the file"))
                .hasMessageContaining("the file is no approval");

        final CommandRun outsider = CommandRun.of(
                "roster", "approve", "--roster", present, "--next", nextFile, "--key", keys(4).resolve("identity.key"));
        assertThat(outsider.exitCode()).isEqualTo(2);
        assertThat(outsider.err()).contains("is not in the present roster");
        assertThat(outsider.err().lines()).hasSize(1);
    }

    private Roster next(final Object... step) {
        final List<Object> command = new ArrayList<>(List.of("roster", "next", "--roster", present));
        command.addAll(List.of(step));
        return Roster.parse(run(command.toArray()).out(), "printed");
    }

    private void refused(final String complaint, final Object... step) {
        final List<Object> command = new ArrayList<>(List.of("roster", "next", "--roster", present));
        command.addAll(List.of(step));
        final CommandRun run = CommandRun.of(command.toArray());
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(complaint);
        assertThat(run.err().lines()).hasSize(1);
    }

    private static CommandRun run(final Object... command) {
        final CommandRun run = CommandRun.of(command);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run;
    }

    private static Roster read(final Path file) {
        try {
            return Roster.read(file);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private Path publicKey(final int id) {
        return keys(id).resolve("identity.pub");
    }

    private Path keys(final int id) {
        return folder.resolve("keys-" + id);
    }
}
