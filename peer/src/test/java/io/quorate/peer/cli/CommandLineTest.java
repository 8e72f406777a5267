package io.quorate.peer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.CommandRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
    @Test
    void shouldListCommandsAndExitCodes() {
        final CommandRun help = CommandRun.of("--help");
        assertThat(help.exitCode()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out()).contains("keys", "roster", "completion", "Exit codes:");
    }

    @Test
    void shouldNameVersion() {
        final CommandRun version = CommandRun.of("--version");
        assertThat(version.exitCode()).isZero();
        assertThat(version.out()).startsWith("quorate ").contains("JDK 25");
    }

    @Test
    void shouldPrintCompletionScript() {
        final CommandRun completion = CommandRun.of("completion");
        assertThat(completion.exitCode()).isZero();
        assertThat(completion.out())
                .startsWith("#!/usr/bin/env bash")
                .contains("_picocli_quorate_roster_create", "_picocli_quorate_compute_topk", "--influence");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bogus",
                "keys",
                "keys generate",
                "keys generate --out",
                "keys generate --nonsense --out x",
                "roster",
                "roster create",
                "roster create a-word",
                "roster create nowhere.pub@host:1",
                "roster create a@b:1 --epoch x",
                "compute",
                "compute bogus",
                "compute attention",
                "completion surplus"
            })
    void shouldCallWrongInputByOneLineAndTwo(final String line) {
        final CommandRun run = CommandRun.of((Object[]) (line.isEmpty() ? new String[0] : line.split(" ")));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).startsWith("quorate").doesNotContain("Exception");
    }

    @Test
    void shouldSuggestTheCommandThatWasMeant() {
        assertThat(CommandRun.of("completio").err())
                .contains("unknown command \"completio\", did you mean ")
                .containsPattern("\\bcompletion\\b.*\\?;");
    }

    @Test
    void shouldWriteAllowedValuesAsPeopleDo() {
        assertThat(CommandRun.of("coordinate", "--mode", "best", "x.json").err())
                .contains("'--mode': allowed are attention, byzantine, gossip, topology, given 'best'; see");
        assertThat(CommandRun.of("coordinate", "--help").out())
                .contains("attention", "byzantine", "gossip", "topology");
        assertThat(CommandRun.of("compute", "topk", "--k", "1.5").err())
                .contains("'--k': '1.5' is no whole number up to 2147483647; see");
        assertThat(CommandRun.of("compute", "rope", "--sigma", "much").err())
                .contains("'--sigma': 'much' is no number; see");
        assertThat(CommandRun.of("coordinate", "").err()).contains("the name of the file is empty");
    }

    @Test
    void shouldPrintStackOnDemandOnly() {
        final CommandRun run = CommandRun.of("roster", "create", "--debug", "nowhere.pub@host:1");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("NoSuchFileException").contains("    at ");
    }
}
