"""Load templates, and look up what never changes while the process runs once, instead of for every page.

The path of a static file and a text in the only language become part of the text around them; a URL without
variables, an included and an extended template are kept by the tag that names them. Templates are written as
always, and the HTML is the same (docs/decisions/0020-what-a-page-asks-for.md).
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from django.conf import settings
from django.template import Context, Node, NodeList, Origin, Template
from django.template.base import TextNode, Variable, VariableNode, render_value_in_context
from django.template.defaulttags import (
    AutoEscapeControlNode,
    CycleNode,
    IfChangedNode,
    IfNode,
    LoadNode,
    ResetCycleNode,
    URLNode,
)
from django.template.loader_tags import (
    BLOCK_CONTEXT_KEY,
    BlockContext,
    BlockNode,
    ExtendsNode,
    IncludeNode,
    construct_relative_path,
)
from django.template.loaders import base, cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

# Tags that keep something for as long as one template renders.
KEEPING = (BlockNode, ExtendsNode, CycleNode, IfChangedNode, ResetCycleNode)
# Nodes that leave the variables of the context as they are.
READING = (TextNode, VariableNode, IfNode)


class CompilingLoader(base.Loader):
    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        look_up(template.nodelist)
        return template


class Loader(cached.Loader, CompilingLoader):
    """Django's cached loader, for templates that have looked up what they can."""


def look_up(nodes: NodeList) -> None:
    """Replace what never changes by its text, and what is found by name by what keeps it, here and below."""
    found: list[Node] = []
    for node in nodes:
        # What is text there depends on whether it is escaped.
        if not isinstance(node, AutoEscapeControlNode):
            for below in nodes_below(node):
                look_up(below)
        looked_up = TextNode(node.render(Context())) if is_constant(node) else keeping(node)
        before = found[-1] if found else None
        if isinstance(looked_up, TextNode) and isinstance(before, TextNode):
            found[-1] = TextNode(before.s + looked_up.s)
        else:
            found.append(looked_up)
    nodes[:] = found


def nodes_below(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):  # its own attribute is a copy
        yield from (nodes for _condition, nodes in node.conditions_nodelists)
        return
    for name in node.child_nodelists:
        if isinstance(nodes := getattr(node, name, None), NodeList):
            yield nodes


def is_constant(node: Node) -> bool:
    """Return whether the node makes the same text for everybody, for as long as the process runs."""
    match node:
        case LoadNode():
            return True
        case StaticNode(varname=None):
            return is_fixed(node.path)
        case TranslateNode(asvar=None, message_context=None):
            return not settings.USE_I18N and is_fixed(node.filter_expression)
    return False


def is_fixed(expression: Any) -> bool:
    """Return whether a FilterExpression is a text or a number, and no variable."""
    var = expression.var
    return not expression.filters and (not isinstance(var, Variable) or var.literal is not None)


def keeping(node: Node) -> Node:
    """Return the node that keeps what it finds, or this one."""
    kept: Node
    match node:
        case URLNode() if all(map(is_fixed, [node.view_name, *node.args, *node.kwargs.values()])):
            kept = KeepingURL(node.view_name, node.args, node.kwargs, node.asvar)
        case IncludeNode() if is_fixed(node.template):
            kept = KeepingInclude(
                node.template, extra_context=node.extra_context, isolated_context=node.isolated_context
            )
        case BlockTranslateNode(message_context=None) if not settings.USE_I18N:
            kept = OneLanguage(node)
            if not (kept.names or kept.asvar or kept.counter):
                return TextNode(kept.text % {})
        case ExtendsNode() if is_fixed(node.parent_name):
            kept = KeepingExtends(node.nodelist, node.parent_name)
        case VariableNode():
            kept = PlainVariable(node.filter_expression)
        case _:
            return node
    kept.token, kept.origin = node.token, node.origin
    return kept


class PlainVariable(VariableNode):
    """A variable. Nearly all are plain text, which only has to be escaped."""

    def render(self, context: Any) -> str:
        return shown(self.filter_expression.resolve(context), context)


def shown(value: Any, context: Any) -> str:
    """Return what Django's function makes of the value."""
    is_plain = type(value) is str and context.autoescape
    return escape(value) if is_plain else render_value_in_context(value, context)


class KeepingURL(URLNode):
    """A URL without variables. The site is at the root of its host, so it is the same for every request."""

    known: str | None = None

    def render(self, context: Context) -> str:
        if self.known is None:
            text = super().render(context)
            self.known = str(context[self.asvar]) if self.asvar else text
        if self.asvar:
            context[self.asvar] = self.known
            return ""
        return self.known


class OneLanguage(BlockTranslateNode):
    """A text with variables, in the only language: put together in pieces, and not looked up each time."""

    def __init__(self, node: BlockTranslateNode) -> None:
        vars(self).update(vars(node))
        self.text, self.names = self.render_token_list(self.singular)
        self.plural_text, more = self.render_token_list(self.plural)
        self.names += more

    def render(self, context: Any, nested: bool = False) -> str:
        given = {name: value.resolve(context) for name, value in self.extra_context.items()}
        text = self.text
        if self.counter and self.countervar:
            with context.push(**given):
                given[self.countervar] = count = self.counter.resolve(context)
            if not isinstance(count, int):
                return super().render(context, nested)
            text = ngettext(text, self.plural_text, count)
        nothing = context.template.engine.string_if_invalid
        found = {name: given[name] if name in given else context.get(name, nothing) for name in self.names}
        text %= {name: shown(value, context) for name, value in found.items()}
        if self.asvar:
            context[self.asvar] = SafeString(text)
            return ""
        return text


class KeepingInclude(IncludeNode):
    """An included template, looked up when it is first shown: it may include itself."""

    found: Any = None  # the template
    keeps = False
    reads = False  # and gets and sets no variables
    text: SafeString | None = None

    def render(self, context: Any) -> SafeString:
        if self.found is None:
            self.find(context)
        if self.text is not None:
            return self.text
        if self.reads:
            return SafeString(self.found._render(context))
        values = {name: var.resolve(context) for name, var in self.extra_context.items()}
        if self.isolated_context:
            return SafeString(self.found.render(context.new(values)))
        with context.push(**values):
            return SafeString(self.found.render(context) if self.keeps else self.found._render(context))

    def find(self, context: Any) -> None:
        engine = context.template.engine
        name: Any = construct_relative_path(self.origin.template_name, self.template.resolve(context))  # type: ignore[arg-type]
        found = engine.get_template(name)
        nodes = found.nodelist
        if all(isinstance(node, TextNode) for node in nodes):
            self.text = nodes.render(context)
        # With debug, Django's page of an error looks for the template that is rendered.
        self.keeps = engine.debug or any(nodes.get_nodes_by_type(kind) for kind in KEEPING)
        reads = all(isinstance(node, READING) for node in nodes.get_nodes_by_type(Node))
        self.reads = reads and not (engine.debug or self.extra_context or self.isolated_context)
        self.found = found


class KeepingExtends(ExtendsNode):
    """An extended template, and its blocks if it extends no other.

    Django skips a template that was extended before, so that one can extend another of its own name: then
    nothing is kept.
    """

    parent: Template | None = None

    def __init__(self, nodes: NodeList, parent_name: Any) -> None:
        super().__init__(nodes, parent_name)
        self.name = str(parent_name.var)

    def get_parent(self, context: Any) -> Template:
        history = context.render_context.setdefault(self.context_key, [self.origin])
        if any(origin.template_name == self.name for origin in history):
            return super().get_parent(context)
        if self.parent is None:
            self.parent = super().get_parent(context)
        else:
            history.append(self.parent.origin)
        return self.parent

    def render(self, context: Any) -> Any:
        """Do as Django does, which searches the extended template for its blocks each time."""
        parent: Any = self.get_parent(context)
        block_context = context.render_context.setdefault(BLOCK_CONTEXT_KEY, BlockContext())
        block_context.add_blocks(self.blocks)
        block_context.add_blocks(blocks_of_root(parent))
        with context.render_context.push_state(parent, isolated_context=False):
            return parent._render(context)


@cache
def blocks_of_root(template: Template) -> dict[str, Node]:
    """Return the blocks of a template that extends no other, else none."""
    if any(isinstance(node, ExtendsNode) for node in template.nodelist):
        return {}
    blocks: list[Any] = template.nodelist.get_nodes_by_type(BlockNode)
    return {block.name: block for block in blocks}
