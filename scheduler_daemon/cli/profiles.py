"""The commands about profiles."""

import sys
from collections.abc import Sequence
from typing import TypedDict

import click

from scheduler_daemon.cli import completion, show, spending_options, text, times
from scheduler_daemon.cli.client import Client
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.options import Dollars, demand_a_change, only_one
from scheduler_daemon.cli.show import Column
from scheduler_daemon.cli.variable_options import (
    Variable,
    Variables,
    VariablesCommand,
    config_option,
    remove_option,
    variable_options,
    variables_of,
)


class Profile(TypedDict):
    """A profile, by ``profiles.*``."""

    id: str
    name: str
    description: str
    env_vars: list[Variable]
    max_usd_per_day: float | None
    created_at: str
    updated_at: str


class User(TypedDict):
    """A job or a task that had a profile, by ``profiles.delete``."""

    kind: str
    id: str
    name: str


class Finding(TypedDict):
    """Whether a variable has a value, by ``profiles.check``."""

    name: str
    source: str
    ok: bool
    problem: str | None


@click.group(cls=Group)
def profiles() -> None:
    """Profiles: the environment of runs.

    A profile has variables, each with a source where its value comes from. PROFILE is an id, the first characters of
    one (at least 4), or a name.
    """


@profiles.command("create", cls=VariablesCommand)
@click.option("--name", help="What you call it.")
@click.option("--zai", is_flag=True, help="Make the profile ZAI anew, which was deleted.")
@click.option("--bedrock", is_flag=True, help="Make the profile AWS Bedrock anew, which was deleted.")
@click.option("--description", help="What it is for.")
@click.option("--max-usd-per-day", metavar="USD", type=Dollars(), help=spending_options.MEANING)
@variable_options
@config_option
@click.pass_context
def create(
    context: click.Context,
    /,
    name: str | None,
    zai: bool,
    bedrock: bool,
    description: str | None,
    max_usd_per_day: float | None,
    **_variables: object,
) -> None:
    """Create a profile.

    Its variables keep their order. All options for them may be repeated.
    """
    choices: Choices = context.obj
    variables = variables_of(context)
    which = only_one("which profile it is", {"--name": name is not None, "--zai": zai, "--bedrock": bedrock})
    if which is None:
        raise click.UsageError("Say what you call it: --name NAME.")
    ready_made = None if which == "--name" else which.removeprefix("--")
    if ready_made and (variables.given or (description, max_usd_per_day) != (None, None)):
        raise click.UsageError(f"{which} makes the profile as it was; change it with: profiles update")
    for other in variables.configured:
        raise click.UsageError(f"--config says how to read {other}, which no option gives a value.")
    with choices.connect() as daemon:
        variables.ask()
        profile: Profile = daemon.call(
            "profiles.create",
            name=name,
            ready_made=ready_made,
            description=description,
            env_vars=None if ready_made else variables.given,
            max_usd_per_day=max_usd_per_day,
        )
    _show_profile(choices, profile, changed=True)


@profiles.command("list")
@click.option("--reveal", is_flag=True, help="Show secrets as they are.")
@click.pass_obj
def list_(choices: Choices, reveal: bool) -> None:
    """List all profiles."""
    with choices.connect() as daemon:
        answer = daemon.call("profiles.list", reveal=reveal or None)
    if choices.as_json:
        show.document(answer)
        return
    found: list[Profile] = answer["profiles"]
    if not found:
        show.empty(
            "There are no profiles.",
            "Create one: " + choices.typed("profiles create --name NAME --secret VARIABLE"),
        )
        return
    columns: list[Column[Profile]] = [
        Column("ID", lambda profile: text.short(profile["id"])),
        Column("NAME", lambda profile: profile["name"], flexible=True),
        Column("VARIABLES", lambda profile: _named(profile, reveal), flexible=True, rank=1),
        Column("DESCRIPTION", lambda profile: profile["description"], flexible=True, rank=2),
    ]
    show.table(columns, found)


@profiles.command("get")
@click.argument("profile", shell_complete=completion.profiles)
@click.option("--reveal", is_flag=True, help="Show secrets as they are.")
@click.pass_obj
def get(choices: Choices, profile: str, reveal: bool) -> None:
    """Show a profile.

    A secret is shown as •••. What a variable of another source is read by is shown as it is.
    """
    with choices.connect() as daemon:
        found: Profile = daemon.call("profiles.get", profile=profile, reveal=reveal or None)
    _show_profile(choices, found)


@profiles.command("update", cls=VariablesCommand)
@click.argument("profile", shell_complete=completion.profiles)
@click.option("--name", help="What you call it.")
@click.option("--description", help="What it is for.")
@click.option("--max-usd-per-day", metavar="USD", type=Dollars(), help=spending_options.MEANING)
@click.option("--no-max-usd-per-day", is_flag=True, help=spending_options.NO_LIMIT)
@variable_options
@config_option
@remove_option
@click.pass_context
def update(
    context: click.Context,
    /,
    profile: str,
    name: str | None,
    description: str | None,
    max_usd_per_day: float | None,
    no_max_usd_per_day: bool,
    **_variables: object,
) -> None:
    """Change a profile; what is not given stays.

    A variable that the profile has already is replaced as a whole, where it stands; new ones come last. --config
    alone changes only how a variable is read. All options for variables may be repeated.
    """
    choices: Choices = context.obj
    variables = variables_of(context)
    changes = {
        **{key: value for key, value in (("name", name), ("description", description)) if value is not None},
        **spending_options.fields_of({"max_usd_per_day": max_usd_per_day, "no_max_usd_per_day": no_max_usd_per_day}),
    }
    if not variables:
        demand_a_change(context, changes)
    with choices.connect() as daemon:
        variables.given += _configured(daemon, profile, variables)
        variables.ask()
        changed: Profile = daemon.call(
            "profiles.update",
            profile=profile,
            changes=changes or None,
            set=variables.given or None,
            remove=variables.removed or None,
        )
    _show_profile(choices, changed, changed=True)


@profiles.command("delete")
@click.argument("profile", shell_complete=completion.profiles)
@click.option("--force", "-f", is_flag=True, help="Do not ask, and take it from the jobs and tasks that use it.")
@click.pass_obj
def delete(choices: Choices, profile: str, force: bool) -> None:
    """Delete a profile.

    One that jobs or tasks use is deleted only with --force, and leaves them without a profile.
    """
    from scheduler_daemon.cli import deletion

    found: Profile | None = None
    with choices.connect() as daemon:
        if not (force and choices.as_json):
            found = daemon.call("profiles.get", profile=profile)
            profile = found["id"]
            if not force:
                named = f"profile {text.line(found['name'])}"
                deletion.demand_a_person(named, "its variables")
                deletion.confirm(f"{named} with {text.count(len(found['env_vars']), 'variable')}")
        deleted = daemon.call("profiles.delete", profile=profile, force=force or None)
    if choices.as_json or found is None:
        show.document(deleted)
        return
    show.write(f"Deleted profile {text.line(found['name'])} ({text.short(deleted['profile_id'])}).")
    users: list[User] = deleted["detached"]
    for user in users:
        show.write(f"Without a profile now: {user['kind']} {text.line(user['name'])} ({text.short(user['id'])})")


@profiles.command("check")
@click.argument("profile", shell_complete=completion.profiles)
@click.pass_context
def check(context: click.Context, profile: str) -> None:
    """Check that every variable has a value, as a run would get it.

    No value is shown. A source may take half a minute. Exits with 1 if a variable has none.
    """
    choices: Choices = context.obj
    with choices.connect() as daemon:
        answer = daemon.call("profiles.check", patient=True, profile=profile)
    findings: list[Finding] = answer["variables"]
    if choices.as_json:
        show.document(answer)
    elif findings:
        _show_findings(findings)
    else:
        show.write(f"Profile {text.line(answer['name'])} has no variables.")
    if not all(finding["ok"] for finding in findings):
        context.exit(1)


def _configured(daemon: Client, reference: str, variables: Variables) -> list[Variable]:
    """The variables of a profile that are to be read in another way, each as a whole."""
    if not variables.configured:
        return []
    profile: Profile = daemon.call("profiles.get", profile=reference, reveal=True)
    there = {variable["name"]: variable for variable in profile["env_vars"]}
    for name in variables.configured:
        if name not in there:
            has = ", ".join(map(text.line, there)) or "none"
            raise click.ClickException(
                f"--config names {name}, and profile {text.line(profile['name'])} has no such variable: it has {has}."
            )
    return [
        {**there[name], "config": {**there[name]["config"], **config}}
        for name, config in variables.configured.items()
    ]


def _show_profile(choices: Choices, profile: Profile, changed: bool = False) -> None:
    if choices.as_json:
        show.document(profile)
        return
    show.facts(
        [
            ("id", profile["id"]),
            ("name", text.line(profile["name"])),
            ("description", text.printable(profile["description"])),
            ("spending limit", times.dollars_a_day(profile["max_usd_per_day"])),
            ("created", times.exact(profile["created_at"])),
            ("changed", times.exact(profile["updated_at"])),
            ("variables", "" if profile["env_vars"] else "none"),
        ]
    )
    if profile["env_vars"]:
        show.write("")
        _show_variables(profile["env_vars"])
    reference = text.short(profile["id"])
    unfilled = [variable["name"] for variable in profile["env_vars"] if _unfilled(variable)]
    fill = " ".join(f"--secret {name}" for name in unfilled)
    asked = [(choices.typed(f"profiles update {reference} {fill}"), "fill in what it needs")] if unfilled else []
    if changed or unfilled:
        show.hints(*asked, (choices.typed(f"profiles check {reference}"), "see that every variable has a value"))


def _show_variables(variables: Sequence[Variable]) -> None:
    columns: list[Column[Variable]] = [
        Column("NAME", lambda variable: variable["name"], flexible=True),
        Column("SOURCE", lambda variable: variable["source"]),
        Column("VALUE", _value, flexible=True),
    ]
    if any(map(_config, variables)):
        columns.append(Column("CONFIG", _config, flexible=True, rank=1))
    show.table(columns, variables)


def _show_findings(findings: Sequence[Finding]) -> None:
    wide = max(text.width(finding["name"]) for finding in findings)
    for finding in findings:
        mark, colour = ("✓", "green") if finding["ok"] else ("✗", "red")
        words = f"{mark} {text.pad(finding['name'], wide)}  {finding['source']}"
        if finding["problem"]:
            words += f": {text.line(finding['problem'])}"
        show.write(click.style(words, fg=colour) if show.coloured(sys.stdout) else words)


def _named(profile: Profile, reveal: bool) -> str:
    return ", ".join(
        f"{variable['name']}={variable['value']}" if reveal and variable["value"] else variable["name"]
        for variable in profile["env_vars"]
    )


def _unfilled(variable: Variable) -> bool:
    """Whether it waits for its value."""
    return variable["source"] == "static" and not variable["value"] and variable["config"].get("required") is True


def _value(variable: Variable) -> str:
    return "not filled in yet" if _unfilled(variable) else variable["value"]


def _config(variable: Variable) -> str:
    """How a variable is read; that a value is no secret, or is wanted, is seen by the value itself."""
    return ", ".join(
        f"{key}={value}" for key, value in variable["config"].items() if key not in ("plain", "required")
    )
