//! `--allow deployment:edit --only web --allow 'site:*'`: what is allowed, where the order of flags matters.

use clap::{Arg, ArgAction, ArgMatches, Command};
use patr_models::auth::{Permission, ResourceType};

const ALLOW: &str = "allow";
const ONLY: &str = "only";
const EXCEPT: &str = "except";

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GrantArgs {
    pub(crate) allowed: Vec<Allowed>,
}

/// One `--allow` with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) pattern: Pattern,
    pub(crate) scope: Names,
}

/// Resources as people name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Names {
    All,
    Only(Vec<String>),
    Except(Vec<String>),
}

/// `deployment:edit`, `deployment:*`, `*:view` or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// At least one.
    pub(crate) permissions: Vec<Permission>,
    /// Whether it was written with a star.
    pub(crate) is_many: bool,
}

impl Pattern {
    /// What all of them are about, if that is one type.
    pub(crate) fn kind(&self) -> Option<ResourceType> {
        let kind = self.permissions.first()?.resource_type();
        self.permissions.iter().all(|permission| permission.resource_type() == kind).then_some(kind)
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let (noun, verb) = text.split_once(':').unwrap_or((text, if text == "*" { "*" } else { "" }));
    let fits = |pattern: &str, part: &str| pattern == "*" || pattern == part;
    let is_meant = |permission: &&Permission| {
        let (kind, what) = permission.as_str().split_once(':').unwrap_or_default();
        fits(noun, kind) && fits(verb, what)
    };
    let permissions: Vec<_> = Permission::ALL.iter().filter(is_meant).copied().collect();
    if permissions.is_empty() {
        return Err(format!("`{text}` is not a permission; `patr role show owner` lists all of them"));
    }
    Ok(Pattern { permissions, is_many: noun == "*" || verb == "*" })
}

impl clap::Args for GrantArgs {
    fn augment_args(command: Command) -> Command {
        let allow =
            Arg::new(ALLOW).long(ALLOW).value_name("PERMISSION").value_parser(pattern).help(
                "Allow this: a permission such as `site:deploy`, or several, such as `site:*` or `*:view`",
            );
        let names = |name: &'static str| {
            Arg::new(name).long(name).value_name("NAMES").value_delimiter(',').requires(ALLOW)
        };
        let only = names(ONLY).help("But only for these, by name or id");
        let except = names(EXCEPT).help("But not for these, by name or id");
        command.args([allow, only, except].map(|arg| arg.action(ArgAction::Append)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for GrantArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = |name: &str| matches.indices_of(name).into_iter().flatten().collect::<Vec<_>>();
        let patterns = matches.get_many::<Pattern>(ALLOW).into_iter().flatten().cloned();
        let mut allowed: Vec<(usize, Allowed)> = given(ALLOW)
            .into_iter()
            .zip(patterns.map(|pattern| Allowed { pattern, scope: Names::All }))
            .collect();
        for (flag, narrow) in [(ONLY, Names::Only as fn(Vec<String>) -> Names), (EXCEPT, Names::Except)] {
            let names = matches.get_many::<String>(flag).into_iter().flatten();
            for (at, name) in given(flag).into_iter().zip(names) {
                let before = allowed.iter_mut().rev().find(|(allow, _)| *allow < at);
                let Some((_, Allowed { scope, .. })) = before else {
                    return Err(wrong(&format!(
                        "--{flag} {name}: write it after the `--allow` that it is about"
                    )));
                };
                match (&mut *scope, flag) {
                    (Names::All, _) => *scope = narrow(vec![name.clone()]),
                    (Names::Only(names), ONLY) | (Names::Except(names), EXCEPT) => names.push(name.clone()),
                    _ => return Err(wrong("one `--allow` has either `--only` or `--except`")),
                }
            }
        }
        self.allowed = allowed.into_iter().map(|(_, allowed)| allowed).collect();
        Ok(())
    }
}

fn wrong(problem: &str) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{problem}\n"))
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    fn read(line: &str) -> Result<GrantArgs, clap::Error> {
        let command = GrantArgs::augment_args(Command::new("test").no_binary_name(true));
        GrantArgs::from_arg_matches(&command.try_get_matches_from(line.split_whitespace())?)
    }

    fn scopes(line: &str) -> Vec<Names> {
        read(line).unwrap().allowed.into_iter().map(|allowed| allowed.scope).collect()
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_scope_is_about_what_was_allowed_before_it() {
        let line = "--allow site:view --allow site:edit --only a,b --only c --allow url:* --except d";
        let (only, except) = (Names::Only(strings(&["a", "b", "c"])), Names::Except(strings(&["d"])));
        assert_eq!(scopes(line), [Names::All, only, except]);
        assert!(scopes("").is_empty());
        for bad in ["--only a --allow site:view", "--allow site:view --only a --except b", "--only a"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_stands_for_every_type_or_verb() {
        assert_eq!(pattern("site:edit").unwrap().permissions, [Permission::SiteEdit]);
        assert_eq!(pattern("*").unwrap().permissions.len(), Permission::ALL.len());
        assert_eq!(pattern("*:view").unwrap().permissions.len(), ResourceType::ALL.len());
        let sites = pattern("site:*").unwrap();
        assert_eq!((sites.kind(), sites.is_many), (Some(ResourceType::Site), true));
        assert_eq!(pattern("*:view").unwrap().kind(), None);
        for bad in ["site", "site:fly", "", "*:fly", "site:edit:x"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
